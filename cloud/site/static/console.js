// What moves on the operator's pages, fetched anew. Without this file a page is as it was when it was opened.
"use strict";

const EVERY_MS = 3000;
const parts = [...document.querySelectorAll("[data-live]")];

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return; // away for a moment: the page says how late it is
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts) {
    const now = fresh.getElementById(part.id);
    const holds = part.contains(document.activeElement); // what somebody is about to tap stays
    if (now && !holds && part.innerHTML !== now.innerHTML) part.replaceChildren(...now.childNodes);
  }
}

if (parts.length) setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
