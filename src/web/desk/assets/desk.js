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

// Passkeys: the button of a form fetches what is wanted, asks the authenticator, and sends its answer as a form. Without script or without
// authenticators the form stays hidden, and there are other ways in.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => (buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))) : "").replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const asked = async (form) => {
    const answer = await fetch(form.dataset.passkey, {
      method: "POST", credentials: "same-origin", body: new URLSearchParams({ form_key: form.elements.form_key.value }),
    });
    if (!answer.ok) throw new Error(answer.status === 429 ? "Too many tries; wait a minute." : "This page is too old; load it again.");
    return answer.json();
  };

  const make = async (form) => {
    const wanted = await asked(form);
    const { response, id } = await navigator.credentials.create({ publicKey: {
      ...wanted, challenge: bytes(wanted.challenge), user: { ...wanted.user, id: bytes(wanted.user.id) },
      excludeCredentials: named(wanted.excludeCredentials),
    } });
    return {
      credential: id, client_data: text(response.clientDataJSON), data: text(response.attestationObject),
      transports: (response.getTransports ? response.getTransports() : []).join(" "),
    };
  };

  const use = async (form) => {
    const wanted = await asked(form);
    const { response, id } = await navigator.credentials.get({ publicKey: {
      ...wanted, challenge: bytes(wanted.challenge), allowCredentials: named(wanted.allowCredentials),
    } });
    return {
      credential: id, client_data: text(response.clientDataJSON), data: text(response.authenticatorData),
      signature: text(response.signature), user: text(response.userHandle),
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    const button = form.querySelector("button");
    const notice = form.querySelector(".notice");
    const act = async () => {
      if (!form.reportValidity()) return;
      button.disabled = true;
      notice.hidden = true;
      try {
        const answer = await (form.elements.signature ? use(form) : make(form));
        for (const [name, value] of Object.entries(answer)) form.elements[name].value = value;
        form.submit();
      } catch (error) {
        const known = { NotAllowedError: "It was not allowed, cancelled, or took too long.", InvalidStateError: "This authenticator has a passkey of yours already." };
        notice.textContent = known[error.name] || error.message;
        notice.hidden = false;
        button.disabled = false;
      }
    };
    button.addEventListener("click", act);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act();
    });
  }
})();
