// Live values, the countdown of a link code, lists that depend on each other. Without this file every page still works.
"use strict";

const all = (selector, within = document) => within.querySelectorAll(selector);

function show(values) {
  for (const place of all("[data-live]"))
    if (place.dataset.live in values) place.textContent = values[place.dataset.live];
  for (const place of all("[data-flow-of]"))
    if (place.dataset.flowOf in values) place.dataset.flow = values[place.dataset.flowOf];
  for (const place of all("[data-state]")) place.dataset.is = values[place.dataset.state];
  for (const meter of all("[data-meter]"))
    if (meter.dataset.meter in values) meter.value = values[meter.dataset.meter];
  for (const bar of all("[data-bar]")) bar.value = values[bar.dataset.bar];
}

// A page from before the gateway's restart says so; loading it again is the person's to do (manual p5).
function sayItCameBack() {
  document.querySelector("[data-came-back]").hidden = false;
}

function blank(screen, why) {
  for (const secret of all("[data-secret]", screen)) secret.remove();
  screen.querySelector(why).hidden = false;
}

// The bar and the clock move all the time; a screen reader is told at few moments only.
const TOLD_AT_MINUTES = [30, 10, 5, 1];

function countDown(screen) {
  const endsAt = performance.now() + 1000 * screen.dataset.countdown;
  const clock = screen.querySelector("[data-clock]");
  const bar = screen.querySelector("progress");
  const voice = screen.querySelector("[data-say]");
  let before = Infinity;
  const tick = setInterval(() => {
    const left = Math.max(0, Math.ceil((endsAt - performance.now()) / 1000));
    clock.textContent = [Math.floor(left / 60), left % 60].map((part) => String(part).padStart(2, "0")).join(":");
    bar.value = left;
    for (const minutes of TOLD_AT_MINUTES)
      if (left <= 60 * minutes && before > 60 * minutes && before !== Infinity)
        voice.textContent = screen.dataset.said.replace("{minutes}", minutes);
    before = left;
    if (left > 0) return;
    clearInterval(tick);
    blank(screen, "[data-over]");
  }, 250);
}

function runClock(place) {
  const lead = Number(place.dataset.clockAt) - performance.now();
  const form = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" });
  setInterval(() => (place.textContent = form.format(new Date(lead + performance.now()))), 1000);
}

// 次へ sleeps until the digits are all there (S-REG-14); full-width digits, spaces and hyphens are as good as others.
function guard(button) {
  const input = document.getElementById(button.dataset.needs);
  const wanted = Number(input.dataset.digits);
  const look = () => {
    const digits = input.value.normalize("NFKC").replace(/[\s\-‐‑–—−ー]/g, "");
    button.disabled = !(/^\d*$/.test(digits) && digits.length === wanted);
  };
  input.addEventListener("input", look);
  look();
}

// The dedicated monitor has no keyboard: digits are tapped on the screen.
function addKeypad(input) {
  const pad = document.createElement("div");
  pad.className = "keypad";
  const press = (text, change, name) => {
    const key = document.createElement("button");
    Object.assign(key, { type: "button", textContent: text });
    if (name) key.setAttribute("aria-label", name);
    key.addEventListener("click", () => {
      input.value = change(input.value);
      input.dispatchEvent(new Event("input"));
    });
    pad.append(key);
  };
  for (const digit of "12345") press(digit, (typed) => (typed + digit).slice(0, input.maxLength));
  press("⌫", (typed) => typed.slice(0, -1), input.dataset.eraseOne);
  for (const digit of "67890") press(digit, (typed) => (typed + digit).slice(0, input.maxLength));
  press("C", () => "", input.dataset.eraseAll);
  input.closest(".field").after(pad);
}

// Choosing a parent fills its child and empties what is below (S-REG-17, S-REG-18).
function chain(parent) {
  parent.addEventListener("change", async () => {
    const form = parent.form;
    for (let name = parent.dataset.child; name; name = form[name].dataset.child) {
      form[name].length = 1;
      form[name].disabled = true;
    }
    if (!parent.value) return;
    const query = new URLSearchParams({ prefecture: form.prefecture.value });
    if (parent.name === "area") query.set("area", parent.value);
    const chosen = parent.value;
    const answer = await fetch(`/areas?${query}`);
    if (!answer.ok) return form.requestSubmit();
    const names = await answer.json();
    if (parent.value !== chosen) return; // arrow keys pass over many: only the last one's list is wanted
    const child = form[parent.dataset.child];
    child.length = 1;
    const english = document.documentElement.lang === "en";
    for (const [ja, en] of names) child.add(new Option(english ? `${en} (${ja})` : ja, ja));
    child.disabled = false;
    if (child.length === 2) {
      child.selectedIndex = 1;
      child.dispatchEvent(new Event("change"));
    }
  });
  // A person may be faster than this file, and a reloaded page keeps what was chosen.
  if (parent.value && parent.form[parent.dataset.child].disabled) parent.dispatchEvent(new Event("change"));
}

const codeScreen = document.querySelector("[data-countdown]");
const updateScreen = document.querySelector("[data-update]");
if (codeScreen) countDown(codeScreen);
all("[data-clock-at]").forEach(runClock);
all("[data-needs]").forEach(guard);
if (document.body.classList.contains("monitor")) all("input[inputmode=numeric]").forEach(addKeypad);
all("[data-child]").forEach(chain);

// Which page the update's screen is, by its state: it is loaded anew when another one is due.
const PAGE_OF = { none: 0, downloading: 1, verifying: 1, installing: 1, applying: 2, restarting: 2, failed: 3 };

function hear(values) {
  if (values.boot !== document.body.dataset.boot) return sayItCameBack();
  show(values);
  if (document.querySelector("[data-waiting]") && values.house_w) location.reload();
  if (updateScreen && PAGE_OF[values.update] !== PAGE_OF[updateScreen.dataset.update]) location.reload();
  if (codeScreen && values.link_code !== codeScreen.dataset.serial && codeScreen.querySelector("[data-secret]"))
    blank(codeScreen, "[data-ended]");
}

if (document.querySelector("[data-live], [data-countdown], [data-update]"))
  new EventSource("/events").onmessage = (event) => hear(JSON.parse(event.data));

// A page that answers a sent form is kept as one that was opened: going back and reloading ask for nothing to be sent again.
history.replaceState(history.state, "");

// A page kept by the browser must not bring a finished code back.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
