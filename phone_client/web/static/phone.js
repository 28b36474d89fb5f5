// The search as it goes on. Without this file every page still works.
"use strict";

function follow(screen) {
  const [seconds, tried, done] = ["[data-seconds]", "[data-tried]", "[data-done]"].map((place) => screen.querySelector(place));
  new EventSource("/events").onmessage = (event) => {
    const news = JSON.parse(event.data);
    if (news.over) return location.replace("/search/result");
    seconds.textContent = news.seconds;
    done.hidden = news.done === null;
    done.value = news.done ?? 0;
    if (tried.textContent !== news.tried) tried.textContent = news.tried; // a screen reader hears of changes only
  };
}

const search = document.querySelector("[data-search]");
if (search) follow(search);

// A page that answers a sent form is kept as one that was opened: going back and reloading ask for nothing to be sent again.
history.replaceState(history.state, "");

// A page kept by the browser must not bring a code back that was closed.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
