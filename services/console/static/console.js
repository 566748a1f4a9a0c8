// What a page does beyond links and forms: marks that answer to each other, and a word when the service does not answer.
"use strict";

(() => {
  const reading = document.querySelector("[data-reading]");

  function partsOf(id) {
    return reading.querySelectorAll(`[data-of~="${CSS.escape(id)}"], [data-entity="${CSS.escape(id)}"], [data-lights="${CSS.escape(id)}"]`);
  }

  function light(ids, on) {
    for (const id of ids) {
      for (const part of partsOf(id)) part.classList.toggle("lit", on);
    }
  }

  // In the list a card lights its own words; in the text a pronoun lights its name, any other mark the statement around it.
  function meant(target) {
    const card = target.closest("[data-lights]");
    if (card) return [card.dataset.lights];
    const mark = target.closest(".text .m, h1 .m");
    if (!mark) return [];
    if (mark.dataset.name) return [mark.dataset.entity];
    if (mark.dataset.of) return mark.dataset.of.split(" ");
    return mark.dataset.entity ? [mark.dataset.entity] : [];
  }

  if (reading) {
    let lit = [];
    const change = (target) => {
      light(lit, false);
      lit = target instanceof Element ? meant(target) : [];
      light(lit, true);
    };
    reading.addEventListener("pointerover", (event) => change(event.target));
    reading.addEventListener("pointerleave", () => change(null));
    reading.addEventListener("focusin", (event) => change(event.target));
    reading.addEventListener("focusout", () => change(null));
  }

  const offline = document.querySelector("[data-offline]");
  const answers = (yes) => {
    offline.hidden = yes;
  };
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden) event.preventDefault(); // nobody looks
  });
  document.addEventListener("htmx:after:request", () => answers(true));
  document.addEventListener("htmx:response:error", () => answers(false));
  document.addEventListener("htmx:error", () => answers(false));
})();
