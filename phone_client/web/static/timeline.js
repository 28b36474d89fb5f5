// What moves on the timeline, fetched anew. Without this file the page is as it was when it was opened.
"use strict";

const EVERY_MS = 5000;
const liveParts = (page) => [...page.querySelectorAll("[data-live]")];
const names = (page) => liveParts(page).map((part) => part.id).join();

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return; // away for a moment: the page says how old its values are
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (answer.redirected || names(document) !== names(fresh)) return location.reload();
  for (const part of liveParts(document)) {
    const now = fresh.getElementById(part.id);
    if (part.outerHTML === now.outerHTML) continue; // a screen reader hears of changes only
    part.className = now.className;
    part.replaceChildren(...now.childNodes);
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
