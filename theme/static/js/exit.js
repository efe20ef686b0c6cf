// Exit this page. Without this file the link in components/exit.html still leads away; with it the page goes blank at
// once, the way back is replaced, and Shift pressed three times does the same from anywhere on the page.
"use strict";
{
  const WAIT = 5000; // milliseconds between one press and the next
  const link = document.getElementById("Exit");
  const status = document.getElementById("ExitSaid");
  const title = document.title;
  let presses = 0;
  let alone = false; // Shift is down, and nothing else has been since
  let timer;

  const count = (number) => {
    clearTimeout(timer);
    if (presses || number) status.textContent = link.dataset[`said${number}`];
    presses = number;
    link.dataset.presses = number;
    if (number) timer = setTimeout(count, WAIT, 0);
  };

  const leave = () => {
    clearTimeout(timer);
    document.documentElement.classList.add("leaving");
    document.title = link.dataset.title; // what the tab, and some histories, show
    status.textContent = link.dataset.said3;
    location.replace(link.href);
  };

  const other = () => {
    alone = false;
    if (presses) count(0);
  };

  link.addEventListener("click", (event) => {
    event.preventDefault(); // also with Ctrl: a second tab would leave this one open
    leave();
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Shift" || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) other();
    else if (!event.repeat) alone = true;
  });
  addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    alone = false;
    if (presses < 2) count(presses + 1);
    else leave();
  });
  addEventListener("pointerdown", other); // Shift and a click selects text
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return; // else somebody came back to a page that is still blank
    document.documentElement.classList.remove("leaving");
    document.title = title;
    count(0);
  });
}
