"use strict";
// What pages do beside what htmx does for them. Nothing is evaluated that stands in a page: the policy of its content forbids it.
// What is told is read out; what is not in the page as well, such as that something failed, is shown, too.
function say(text, shown = false) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.classList.toggle("shown", shown);
}

// What htmx put into a page that asks for it is gone to: into a dialog, which is opened; or to what has `data-focus`.
document.addEventListener("htmx:after:swap", (event) => {
  const { target: asked, swap } = event.detail.ctx;
  const target = asked?.isConnected ? asked : document.getElementById(asked?.id);
  if (!(target instanceof Element) || swap === "none") return;
  if (target instanceof HTMLDialogElement && !target.open) target.showModal();
  target.querySelector("[data-focus]")?.focus({ preventScroll: target instanceof HTMLDialogElement });
  const told = target.querySelector("[data-say]");
  say(told ? told.dataset.say : "");
});
// Behind a dialog is a way out of it, as the key Escape is.
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
// An answer that is no part of a page is told, and what stood there stays.
document.addEventListener("htmx:response:error", (event) => {
  const { status } = event.detail.ctx.response.raw;
  say(status === 401 || status === 403 ? "You may not do this." : `That did not work (${status}). Try again.`, true);
});
document.addEventListener("htmx:error", () => say("The service did not answer. Is it running?", true));
