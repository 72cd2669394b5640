// Asks anew a moment after each change, and puts the answer in the place of the last one. Without it the form is sent.
"use strict";
(() => {
  const PAUSE = 250;
  const form = document.getElementById("what-if");
  const outcome = document.getElementById("outcome");
  if (!form || !outcome || !window.fetch) return;
  document.documentElement.classList.add("rb-live");
  let timer = 0;
  let asking = null;

  async function ask() {
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    outcome.setAttribute("aria-busy", "true");
    try {
      const reply = await fetch(form.dataset.outcome, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        credentials: "same-origin",
        redirect: "error",
        signal: mine.signal,
      });
      const said = await reply.text();
      if (mine.signal.aborted) return;
      if (reply.headers.get("x-fragment") === "outcome") show(said);
      else fail("The server does not answer as expected (" + reply.status + ").", "Send the form to see why");
    } catch (error) {
      if (error.name !== "AbortError") fail("No answer: the server is out of reach, or your sign-in has ended. Your changes are still here.");
    } finally {
      if (asking === mine) outcome.removeAttribute("aria-busy");
    }
  }

  function show(said) {
    const open = new Set([...outcome.querySelectorAll("details[open] > summary")].map(word));
    const shut = new Set([...outcome.querySelectorAll("details:not([open]) > summary")].map(word));
    // The server has escaped all text in it; it is parsed here into a document that runs nothing.
    const parsed = new DOMParser().parseFromString(said, "text/html");
    outcome.replaceChildren(...parsed.body.childNodes);
    for (const each of outcome.querySelectorAll("details")) {
      const name = word(each.querySelector("summary"));
      if (open.has(name)) each.open = true;
      if (shut.has(name)) each.open = false;
    }
    mark();
    const changed = fields(".rb-changes a");
    const faulty = fields(".rb-faults a");
    for (const each of form.querySelectorAll(".rb-fact")) {
      const field = each.matches("fieldset") ? each : each.querySelector("input, select, textarea");
      if (faulty.has(field.id)) field.setAttribute("aria-invalid", "true");
      else {
        field.removeAttribute("aria-invalid");
        each.querySelector(".rb-fault")?.remove();
      }
      if (outcome.querySelector(".rb-sides")) each.classList.toggle("rb-changed", changed.has(field.id));
    }
  }

  function fields(links) {
    return new Set([...outcome.querySelectorAll(links)].map((each) => decodeURIComponent(each.hash.slice(1))));
  }

  function mark() {
    if (!outcome.querySelector(".rb-sides")) return;
    const blocking = new Set([...outcome.querySelectorAll(".rb-blocking > li")].map((each) => each.dataset.key));
    for (const each of form.querySelectorAll(".rb-obstacle[data-blocks]")) {
      const still = blocking.has(each.dataset.blocks);
      const said = each.querySelector("h3 .rg-mark");
      said.textContent = still ? "blocks" : "no longer blocks";
      said.classList.toggle("rg-no", still);
      said.classList.toggle("rg-go", !still);
    }
  }

  function word(summary) {
    return summary.textContent.replace(/\(.*/, "").trim();
  }

  function fail(message, wayOut) {
    const note = document.createElement("p");
    note.className = "rb-note";
    note.setAttribute("role", "alert");
    note.textContent = message;
    outcome.replaceChildren(note);
    if (wayOut) outcome.append(sending(wayOut));
  }

  function sending(words) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    // Past the listener below, as a browser without the script would send it.
    button.addEventListener("click", () => HTMLFormElement.prototype.submit.call(form));
    return button;
  }

  form.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    window.clearTimeout(timer);
    ask().then(() => outcome.scrollIntoView({ block: "nearest" }));
  });
})();
