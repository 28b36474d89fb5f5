// Live values and the link code's countdown. Without this file every page and form still works.
"use strict";

function show(values) {
  for (const place of document.querySelectorAll("[data-live]"))
    if (place.dataset.live in values) place.textContent = values[place.dataset.live];
  for (const place of document.querySelectorAll("[data-flow-of]"))
    if (place.dataset.flowOf in values) place.dataset.flow = values[place.dataset.flowOf];
  for (const place of document.querySelectorAll("[data-state]"))
    place.dataset.is = values[place.dataset.state];
  for (const meter of document.querySelectorAll("[data-meter]"))
    if (meter.dataset.meter in values) meter.value = values[meter.dataset.meter];
}

function blank(screen) {
  for (const secret of screen.querySelectorAll("[data-secret]")) secret.remove();
  screen.querySelector("[data-over]").hidden = false;
}

function countDown(screen) {
  const endsAt = performance.now() + 1000 * screen.dataset.countdown;
  const clock = screen.querySelector("[data-clock]");
  const bar = screen.querySelector("progress");
  const tick = setInterval(() => {
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    clock.textContent = [Math.floor(left / 60), left % 60].map((part) => String(part).padStart(2, "0")).join(":");
    bar.value = left;
    if (left > 0) return;
    clearInterval(tick);
    blank(screen);
  }, 250);
}

const codeScreen = document.querySelector("[data-countdown]");
const waiting = document.querySelector("main .home") && !document.querySelector(".picture");
if (codeScreen) countDown(codeScreen);
if (codeScreen || document.querySelector("main .home")) {
  new EventSource("/events").onmessage = (event) => {
    const values = JSON.parse(event.data);
    show(values);
    if (waiting && values.house_w) location.reload();
    if (codeScreen && values.link_code === "none" && codeScreen.querySelector("[data-secret]")) blank(codeScreen);
  };
}
// A page kept by the browser must not bring a finished code back.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
