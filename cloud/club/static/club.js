// Comfort only: a password can be seen, a button sends once. Without this file every page works.
"use strict";

// What one cannot see one mistypes; long passwords should not be a punishment.
function letBeSeen(input) {
  const box = Object.assign(document.createElement("input"), { type: "checkbox" });
  const label = Object.assign(document.createElement("label"), { className: "tick" });
  label.append(box, input.dataset.reveal);
  box.addEventListener("change", () => (input.type = box.checked ? "text" : "password"));
  input.form.addEventListener("submit", () => (input.type = "password"));
  input.closest(".field").after(label);
}

// A double tap sends twice, and the second answer would be "this page is too old".
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

document.querySelectorAll("[data-reveal]").forEach(letBeSeen);
[...document.forms].forEach(sendOnce);

// A page that answers a sent form is kept as one that was opened: going back and reloading ask for nothing to be sent again.
history.replaceState(history.state, "");

// A page that the browser has kept holds a token, and perhaps a login, from before.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
