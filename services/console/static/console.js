// Behaviour beyond links and forms: annotations highlight what they refer to, and a banner shows that the service is down.
"use strict";

(() => {
  const reading = document.querySelector("[data-reading]");

  function partsOf(id) {
    return reading.querySelectorAll(`[data-of~="${CSS.escape(id)}"], [data-entity="${CSS.escape(id)}"], [data-lights="${CSS.escape(id)}"]`);
  }

  function setHighlight(ids, on) {
    for (const id of ids) {
      for (const part of partsOf(id)) part.classList.toggle("lit", on);
    }
  }

  // The IDs to highlight for the element under the pointer. A card in the lists highlights its own words. In the text, a
  // pronoun highlights its entity, and any other annotation highlights the statement that it belongs to.
  function idsToHighlight(target) {
    const card = target.closest("[data-lights]");
    if (card) return [card.dataset.lights];
    const mark = target.closest(".text .m, h1 .m");
    if (!mark) return [];
    if (mark.dataset.name) return [mark.dataset.entity];
    if (mark.dataset.of) return mark.dataset.of.split(" ");
    return mark.dataset.entity ? [mark.dataset.entity] : [];
  }

  if (reading) {
    let highlighted = [];
    const update = (target) => {
      setHighlight(highlighted, false);
      highlighted = target instanceof Element ? idsToHighlight(target) : [];
      setHighlight(highlighted, true);
    };
    reading.addEventListener("pointerover", (event) => update(event.target));
    reading.addEventListener("pointerleave", () => update(null));
    reading.addEventListener("focusin", (event) => update(event.target));
    reading.addEventListener("focusout", () => update(null));
  }

  const offlineBanner = document.querySelector("[data-offline]");
  const setOnline = (online) => {
    offlineBanner.hidden = online;
  };
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden) event.preventDefault(); // do not poll in a background tab
  });
  document.addEventListener("htmx:after:request", () => setOnline(true));
  document.addEventListener("htmx:response:error", () => setOnline(false));
  document.addEventListener("htmx:error", () => setOnline(false));
})();
