// What makes a page of the desk quicker to work with. Every page works without it.
"use strict";

// Keys: an element with `data-key` is pressed, followed or focused by its key, and `?` lists those of the page (`data-key-text`). A key
// counts only outside of fields, alone, and never twice while it is held down.
(() => {
  const typing = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const seen = (element) => element.getClientRects().length > 0 && !element.disabled;
  const keyed = () => [...document.querySelectorAll("[data-key]")].filter(seen);

  const help = () => {
    const box = document.createElement("dialog");
    box.setAttribute("aria-label", "Keys of this page");
    const title = document.createElement("h2");
    title.textContent = "Keys of this page";
    const list = document.createElement("dl");
    list.className = "facts";
    const entries = keyed().map((element) => [element.dataset.key, element.dataset.keyText || element.textContent.trim()]);
    for (const [key, text] of [...entries, ["?", "This list"], ["Esc", "Leave a field, close a dialog"]]) {
      const name = document.createElement("dt");
      const mark = document.createElement("kbd");
      mark.textContent = key;
      name.append(mark);
      const what = document.createElement("dd");
      what.textContent = text;
      list.append(name, what);
    }
    const close = document.createElement("button");
    close.textContent = "Close";
    close.addEventListener("click", () => box.close());
    box.addEventListener("close", () => box.remove());
    box.append(title, list, close);
    document.body.append(box);
    box.showModal();
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      return;
    }
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      help();
      return;
    }
    const element = keyed().find((one) => one.dataset.key === event.key);
    if (!element) return;
    event.preventDefault();
    if (element.matches("button, a, summary")) element.click();
    else element.focus();
  });
})();

// A form is sent once: a second press while the first is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[hx-post], [data-hx-post]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
