// New messages come in above, and what is being read stays where it is. Without this file the page is reloaded by hand.
"use strict";

const LOOK_EVERY_MS = 2000;
const shelf = document.querySelector("[data-messages]");
const voice = document.querySelector("[data-heard]");
const known = () => new Set([...shelf.querySelectorAll("[data-message]")].map((each) => each.dataset.message));

function take(page) {
  const before = known();
  const fresh = [...page.querySelectorAll("[data-message]")].filter((each) => !before.has(each.dataset.message));
  if (fresh.length === 0) return;
  if (before.size === 0) shelf.replaceChildren();
  const read = [...shelf.children].find((each) => each.getBoundingClientRect().bottom > 0);
  const top = read?.getBoundingClientRect().top;
  shelf.prepend(...fresh);
  if (scrollY > 0 && read) scrollBy({ top: read.getBoundingClientRect().top - top, behavior: "instant" });
  voice.textContent = voice.dataset.heard;
}

async function look() {
  if (!document.hidden)
    try {
      const answer = await fetch(location.href);
      if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The cloud is away; it is asked again.
    }
  setTimeout(look, LOOK_EVERY_MS);
}

setTimeout(look, LOOK_EVERY_MS);
