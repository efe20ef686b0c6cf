// A page that is previewed: shown anew when the site was built again, where it was; told what is wrong when it was not.
"use strict";
{
  let seen = null;
  const say = (mistake) => {
    let box = document.getElementById("_mistake");
    if (!mistake) {
      box?.remove();
      return;
    }
    if (!box) {
      const style = document.createElement("link");
      style.rel = "stylesheet";
      style.href = "/_reload/reload.css";
      box = document.createElement("pre");
      box.id = "_mistake";
      box.setAttribute("role", "alert");
      document.head.append(style);
      document.body.append(box);
    }
    box.textContent = mistake;
  };
  new EventSource("/_reload/events").addEventListener("message", (event) => {
    const { version, mistake } = JSON.parse(event.data);
    if (seen !== null && version !== seen) {
      location.reload(); // browsers keep the place
      return;
    }
    seen = version;
    say(mistake);
  });
}
