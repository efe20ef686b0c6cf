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

const find = async (wait) => {
  const words = field.value.trim();
  if (!words) {
    list.replaceChildren();
    say("");
    return;
  }
  try {
    engine ??= await import("../../pagefind/pagefind.js");
    const found = await engine.debouncedSearch(words, {}, wait);
    if (!found) return; // more was typed meanwhile
    const shown = await Promise.all(found.results.slice(0, MOST).map((result) => result.data()));
    if (field.value.trim() !== words) return; // and here: what was typed last has the last word
    list.replaceChildren(...shown.map(entry));
    const count = found.results.length;
    if (!count) say(form.dataset.none);
    else if (count > MOST) say(form.dataset.many.replace("{count}", count).replace("{most}", MOST));
    else say(count === 1 ? form.dataset.one : form.dataset.some.replace("{count}", count));
  } catch {
    document.getElementById("SearchElse").hidden = false;
    list.replaceChildren();
    say(form.dataset.failed);
  }
};

document.getElementById("SearchElse").hidden = true;
form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault(); // the words stay out of the address, and so out of the history
  find(0);
});
field.addEventListener("input", () => find(250));
