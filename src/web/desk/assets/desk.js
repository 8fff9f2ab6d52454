// What makes a page of the desk quicker to work with. Every page works without it.
"use strict";

// Keys: an element with `data-key` is pressed, followed or focused by its key, and `?` lists those of the page (`data-key-text`). A key
// counts only outside of fields, alone, never twice while it is held down, and not at all where they are switched off (WCAG 2.2, 2.1.4).
const keysOff = document.documentElement.hasAttribute("data-no-keys");
(() => {
  const typing = (target) => target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const seen = (element) => element.getClientRects().length > 0 && !element.disabled;
  const keyed = () => [...document.querySelectorAll("[data-key]")].filter(seen);

  const help = () => {
    const box = document.createElement("dialog");
    box.setAttribute("aria-label", "Keys of this page");
    const title = document.createElement("h2");
    title.textContent = "Keys of this page";
    const off = document.createElement("p");
    off.className = "notice";
    off.hidden = !keysOff;
    const account = document.createElement("a");
    account.href = "/account#keys";
    account.textContent = "Switch them on in your account";
    off.append("Keys are switched off in this browser: none of these does anything. ", account, ".");
    const list = document.createElement("dl");
    list.className = "facts";
    const entries = keyed().map((element) => [element.dataset.key, element.dataset.keyText || element.textContent.trim()]);
    for (const element of document.querySelectorAll("[data-keys]")) {
      entries.push(...element.dataset.keys.split(";").map((entry) => entry.split("|")));
    }
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
    box.append(title, off, list, close);
    document.body.append(box);
    box.showModal();
  };
  for (const button of document.querySelectorAll("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", help);
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      return;
    }
    if (keysOff || typing(event.target) || document.querySelector("dialog[open]")) return;
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

// A form is sent once: a second press while the first is on its way does nothing. What gives a file leaves the page where it is, and its
// form to be used again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post], [data-hx-post]")) return;
  if (form.matches("[data-gives-file]") || event.submitter?.matches("[data-gives-file]")) return;
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

// How high the bar is that stays at the foot of the window: what has the focus is scrolled clear of it.
(() => {
  const bar = document.querySelector(".bar, .edit > .acts");
  if (!bar || !window.ResizeObserver) return;
  const measure = () => document.documentElement.style.setProperty("--bar", `${Math.ceil(bar.getBoundingClientRect().height)}px`);
  new ResizeObserver(measure).observe(bar);
})();

// Brief: a decision that is opened has the focus where one goes on. Marks beyond those that the style sheet counts are lit from here.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.act") || !event.target.open) return;
  event.target.querySelector("select, textarea, button.primary, button.danger")?.focus();
}, true);
document.addEventListener("keydown", (event) => {
  const act = event.key === "Escape" && event.target.closest?.("details.act[open]");
  if (!act) return;
  act.open = false;
  act.querySelector("summary").focus();
});
(() => {
  const light = (from, lit) => {
    const page = from.closest?.(".brief-page");
    const numbers = from.closest?.("[data-s]")?.dataset.s.split(" ").filter((number) => Number(number) >= 40) ?? [];
    for (const number of numbers) {
      for (const one of page?.querySelectorAll(`[data-s~="${number}"]`) ?? []) one.classList.toggle("lit", lit);
    }
  };
  for (const [name, lit] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
    document.addEventListener(name, (event) => light(event.target, lit));
  }
})();

// Brief: what is typed into the form is saved as a new revision a moment after one stops. Nothing is kept but in the form itself: while the
// network is away, the session over or somebody else was quicker, it stays there and says so, and is sent again. What was sent and had no
// answer may stand or not: it is sent once more as it was, and counts once, before anything else is; until then nothing is saved.
(() => {
  const PAUSE = 1500;
  const PATIENCE = 30000;
  const RETRIES = [2000, 5000, 15000, 30000];
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const output = form.querySelector("#saved");
  const told = form.querySelector("#edit-told");
  let timer, failures = 0, stopped = false, leaving = false;
  // The sending that is under way, and what was sent of which nobody knows what became.
  let running = null, sent = null;

  const content = () => new URLSearchParams(new FormData(form)).toString();
  const without = (text) => text.replace(/(^|&)(form_key|from|in|\w+_at)=[^&]*/g, "");
  // A form that came back with its refusal holds what is saved nowhere.
  let saved = form.hasAttribute("data-unsaved") ? null : without(content());
  const dirty = () => sent !== null || without(content()) !== saved;

  const say = (text, bad) => {
    output.textContent = text;
    output.toggleAttribute("data-bad", Boolean(bad));
  };
  const entries = () => form.querySelectorAll("[data-list] > .entry");
  const written = (entry) => [...entry.querySelectorAll("textarea, input:not([type=hidden])")].some((field) => field.value.trim());
  // What was sent and saved has its place in the lists now; what was written since is new.
  const renumber = () => {
    for (const list of form.querySelectorAll("[data-list]")) {
      let at = 0;
      for (const entry of list.children) entry.querySelector("input[type=hidden]").value = entry.dataset.sent ? String(at++) : "";
    }
  };
  // A new entry that is written into is followed by another new one.
  const grow = (entry) => {
    if (!entry || entry.nextElementSibling || !written(entry)) return;
    const next = entry.cloneNode(true);
    delete next.dataset.sent;
    next.classList.add("new");
    next.querySelector(".moves")?.remove();
    next.querySelector("input[type=hidden]").value = "";
    for (const field of next.querySelectorAll("[id]")) {
      const id = `${field.id}n`;
      next.querySelector(`label[for="${field.id}"]`)?.setAttribute("for", id);
      field.id = id;
      if (field.matches("select")) [...field.options].forEach((option) => { option.selected = option.defaultSelected; });
      else field.value = "";
    }
    entry.after(next);
  };
  const take = (html) => {
    const made = document.createElement("template");
    made.innerHTML = html;
    return made.content;
  };
  const later = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  };
  const again = (text) => {
    say(text, true);
    later(RETRIES[Math.min(failures++, RETRIES.length - 1)]);
  };
  // After signing in again, in another tab, a form counts under another key.
  const rekey = async () => {
    const answer = await fetch(location.pathname, { headers: { accept: "text/html" }, redirect: "manual" });
    if (!answer.ok) return false;
    const key = take(await answer.text()).querySelector("form[data-autosave] input[name=form_key]");
    if (!key || key.value === form.querySelector("input[name=form_key]").value) return false;
    form.querySelector("input[name=form_key]").value = key.value;
    return true;
  };

  // Sends what has to be sent; whether the desk has it.
  const send = async () => {
    clearTimeout(timer);
    if (stopped) return false;
    if (!dirty()) return true;
    if (!sent) {
      if (!form.checkValidity()) {
        say("Not saved: a field is not as it must be", true);
        return false;
      }
      sent = { body: new URLSearchParams(new FormData(form)), content: without(content()), lost: false };
      sent.body.set("do", "save");
      for (const entry of entries()) entry.dataset.sent = written(entry) ? "yes" : "";
    }
    sent.body.set("form_key", form.querySelector("input[name=form_key]").value);
    say("Saving");
    try {
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST", body: sent.body, headers: { "hx-request": "true" }, redirect: "manual", signal: AbortSignal.timeout(PATIENCE),
      });
      const part = take(await answer.text());
      if (answer.ok) {
        const done = part.querySelector("#saved");
        form.querySelector("input[name=from]").value = done.dataset.from;
        form.querySelector("[data-number]").textContent = done.dataset.number;
        renumber();
        saved = sent.content;
        sent = null;
        failures = 0;
        told.replaceChildren();
        say(done.textContent);
        if (dirty()) later(PAUSE);
        return true;
      }
      if (answer.status === 401 || answer.status === 403) {
        // Refused before it was read: only what was lost before may stand.
        if (!sent.lost) sent = null;
        if (await rekey()) later(0);
        else if (answer.status === 403) {
          told.replaceChildren(...part.childNodes);
          say("Not saved; what you typed stays here", true);
          stopped = true;
        } else {
          const link = document.createElement("a");
          link.href = "/sign-in";
          link.target = "_blank";
          link.textContent = "Sign in again in a new tab";
          again("Not saved: your session has ended. What you typed stays here. ");
          output.append(link);
        }
      } else if (answer.status === 409 || answer.status === 422) {
        // Only a person can say what is to become of it.
        sent = null;
        told.replaceChildren(...(part.querySelector("#edit-told") ?? part).childNodes);
        say("Not saved; what you typed stays here", true);
        stopped = answer.status === 409;
      } else {
        sent.lost = true;
        again("Not saved: the desk cannot take it now. Trying again");
      }
    } catch {
      if (sent) sent.lost = true;
      again("Not saved: no connection. What you typed stays here. Trying again");
    }
    return false;
  };
  const save = () => {
    running ??= send().finally(() => { running = null; });
    return running;
  };

  form.addEventListener("input", (event) => {
    grow(event.target.closest(".entry"));
    later(PAUSE);
  });
  form.addEventListener("change", () => later(PAUSE));
  window.addEventListener("online", () => later(0));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && failures) later(0);
  });
  // A press of a button is sent upon the revision that what is under way makes, never beside it.
  form.addEventListener("submit", async (event) => {
    if (!running && !sent) {
      leaving = true;
      clearTimeout(timer);
      return;
    }
    event.preventDefault();
    const button = event.submitter;
    const had = await save();
    if (had || (!sent && !running)) form.requestSubmit(button);
  });
  window.addEventListener("pageshow", () => { leaving = false; });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && dirty()) event.preventDefault();
  });
  document.getElementById("edit-done")?.addEventListener("click", async (event) => {
    if (!dirty() || stopped) return;
    event.preventDefault();
    const to = event.currentTarget.href;
    while (dirty()) if (!(await save())) return;
    location.assign(to);
  });
})();

// Queue: j and k go from brief to brief, o opens, x chooses. News come by server-sent events and never move a row: they stand in a bar,
// and beside the row that they are about. A page that nobody sees does not listen.
(() => {
  const queue = document.querySelector(".queue[data-live]");
  if (!queue) return;
  const rows = () => [...queue.querySelectorAll("tr[data-row]")];
  const link = (row) => row.querySelector(".subject a");

  const boxes = () => [...queue.querySelectorAll(".choose input")];
  const every = queue.querySelector("[data-all]");
  if (every) {
    const agree = () => {
      const chosen = boxes().filter((box) => box.checked).length;
      every.checked = chosen > 0 && chosen === boxes().length;
      every.indeterminate = chosen > 0 && !every.checked;
    };
    every.closest("label").hidden = false;
    every.addEventListener("change", () => {
      for (const box of boxes()) box.checked = every.checked;
    });
    queue.addEventListener("change", (event) => { if (event.target !== every) agree(); });
    window.addEventListener("pageshow", agree);
  }

  document.addEventListener("keydown", (event) => {
    if (keysOff || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const all = rows();
    const at = all.indexOf(document.activeElement?.closest?.("tr[data-row]"));
    if (event.key === "j" || event.key === "k") {
      const next = all[at < 0 ? 0 : Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), all.length - 1)];
      if (next) link(next).focus();
    } else if (event.key === "o" && at >= 0) {
      link(all[at]).click();
    } else if (event.key === "x" && at >= 0) {
      all[at].querySelector("input[type=checkbox]").click();
      link(all[at]).focus();
    } else if (event.key === "X") {
      every?.click();
    } else if (event.key === "c" && at >= 0 && !event.repeat) {
      all[at].querySelector("button[name=one][value^='claim.']")?.click();
    } else return;
    event.preventDefault();
  });

  const notice = document.querySelector("#news > .notice");
  const [show, enter] = notice.querySelectorAll("a");
  const known = new Set(rows().map((row) => row.dataset.row));
  const fresh = new Set();
  const words = { decided: "decided meanwhile", claimed: "claimed meanwhile", free: "let go meanwhile", edited: "edited meanwhile" };
  const tell = (text, wayOn = "Show") => {
    notice.querySelector("span").textContent = text;
    show.textContent = wayOn;
    show.hidden = wayOn === "";
    enter.hidden = !show.hidden;
    notice.hidden = text === "";
  };
  const count = () => tell(fresh.size === 0 ? "" : fresh.size === 1 ? "1 new brief." : `${fresh.size} new briefs.`);
  const hear = ({ what, brief }) => {
    const row = rows().find((one) => one.dataset.row === brief);
    if (row && words[what]) {
      let note = row.querySelector(".meanwhile");
      if (!note) {
        note = document.createElement("span");
        note.className = "meanwhile";
        row.querySelector(".subject").append(note);
      }
      note.textContent = words[what];
      if (what === "decided") row.dataset.gone = "yes";
    }
    if (what === "drafted" && !known.has(brief)) fresh.add(brief);
    if (what === "decided") fresh.delete(brief);
    if (fresh.size > 0) count();
  };

  const SOON = 3000, LATE = 60000;
  let after = queue.dataset.after;
  let stream, waiting, failures = 0, deaf = false, old = false;
  const address = () => {
    const query = new URLSearchParams({ after });
    if (queue.dataset.pilot) query.set("pilot", queue.dataset.pilot);
    return `${queue.dataset.live}?${query}`;
  };
  const stop = () => {
    clearTimeout(waiting);
    stream?.close();
    stream = undefined;
  };
  // Why nothing is heard, and when it is worth trying again: a stream itself does not tell.
  const ask = async () => {
    const cut = new AbortController();
    try {
      const { status, headers } = await fetch(address(), { headers: { "hx-request": "true" }, redirect: "manual", signal: cut.signal });
      return { status, wait: 1000 * (Number(headers.get("retry-after")) || 0) };
    } catch {
      return { status: 0, wait: 0 };
    } finally {
      cut.abort();
    }
  };
  const failed = async () => {
    stop();
    failures += 1;
    let wait = Math.min(SOON * 2 ** Math.max(0, failures - 2), LATE);
    if (failures > 1) {
      const why = await ask();
      wait = Math.max(wait, why.wait);
      deaf = true;
      if (why.status === 401) tell("Not live: your session has ended.", "");
      else tell("Not live: this list may be old.", "Load it again");
    }
    if (!stream) waiting = setTimeout(listen, wait);
  };
  const listen = () => {
    clearTimeout(waiting);
    if (stream || old || document.hidden) return;
    stream = new EventSource(address());
    stream.addEventListener("open", () => {
      failures = 0;
      if (deaf) count();
      deaf = false;
    });
    stream.addEventListener("brief", (event) => {
      after = event.lastEventId || after;
      hear(JSON.parse(event.data));
    });
    stream.addEventListener("old", () => {
      stop();
      old = true;
      tell("The list has changed.");
    });
    // The address of a stream that ended names where it began; the next one begins where it was left.
    stream.addEventListener("error", failed);
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", listen);
  listen();
})();
// Back from single sign-on: the form that counts goes on by itself.
for (const form of document.querySelectorAll("form[data-goes-on]")) form.submit();
