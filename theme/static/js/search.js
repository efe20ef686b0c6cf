// Search, in the reader's own browser: theme/templates/search.html has the page, plugins/search the index.
const form = document.getElementById("Search");
const field = form.elements.words;
const status = document.getElementById("SearchSaid");
const list = document.getElementById("SearchFound");
const MOST = 12;
let engine;

const say = (text) => { status.textContent = text; };

const entry = ({ url, meta, excerpt }) => {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = url;
  link.textContent = meta.title;
  const words = document.createElement("p");
  words.append(...new DOMParser().parseFromString(excerpt, "text/html").body.childNodes); // runs nothing
  item.append(link, words);
  return item;
};

const find = async (words) => {
  if (!words) {
    list.replaceChildren();
    say("");
    return;
  }
  try {
    engine ??= await import("../../pagefind/pagefind.js");
    const { results } = await engine.search(words);
    const shown = await Promise.all(results.slice(0, MOST).map((result) => result.data()));
    list.replaceChildren(...shown.map(entry));
    const count = results.length;
    if (!count) say(form.dataset.none);
    else if (count > MOST) say(form.dataset.many.replace("{count}", count).replace("{most}", MOST));
    else say(count === 1 ? form.dataset.one : form.dataset.some.replace("{count}", count));
  } catch {
    document.getElementById("SearchElse").hidden = false;
    list.replaceChildren();
    say(form.dataset.failed);
  }
};

// One search at a time, and again until what is shown belongs to what stands in the field.
let busy = false;
let timer;
const search = async () => {
  clearTimeout(timer);
  if (busy) return;
  busy = true;
  let words;
  do {
    words = field.value.trim();
    await find(words);
  } while (words !== field.value.trim());
  busy = false;
};

document.getElementById("SearchElse").hidden = true;
form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault(); // the words stay out of the address, and so out of the history
  search();
});
field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, 250);
});
