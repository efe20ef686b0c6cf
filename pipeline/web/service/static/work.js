// The second step of a form while there is a flood: solves the puzzle in it and sends it, nothing to press. Without this
// file, or where the browser does not know how, the button works by itself.
"use strict";
{
  const form = document.querySelector("form[data-bits]");
  const status = document.getElementById("Working");

  const bytes = (text) => new TextEncoder().encode(text);

  const solve = async (puzzle, bits, iterations) => {
    const key = await crypto.subtle.importKey("raw", bytes(puzzle), "PBKDF2", false, ["deriveBits"]);
    for (let answer = 0; ; answer += 1) {
      const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(String(answer)), iterations };
      const found = new DataView(await crypto.subtle.deriveBits(how, key, 32)).getUint32(0);
      if (found >>> (32 - bits) === 0) return answer;
    }
  };

  const wait = (event) => event.preventDefault(); // a press sends nothing twice, and nothing unsolved

  const work = async () => {
    const { carried, stamp, work } = form.elements;
    const { bits, rounds, least, said } = form.dataset;
    status.textContent = said;
    form.addEventListener("submit", wait);
    try {
      work.value = await solve(`${carried.value}.${stamp.value}`, Number(bits), Number(rounds));
      // Sooner than a person could be is too soon.
      setTimeout(() => form.submit(), Math.max(0, Number(least) - performance.now()));
    } catch {
      form.removeEventListener("submit", wait);
      status.textContent = "";
    }
  };

  if (form && globalThis.crypto && crypto.subtle) work();
}
