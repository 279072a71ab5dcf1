// Keeps an open page current: asks for the revision, and when it grew fetches this page again and swaps its
// contents. Without JavaScript the page is complete, only not live.
"use strict";

const EVERY_MS = 2000;
const live = document.getElementById("live");
let revision = document.body.dataset.revision;
let lost = false;

function say(text) {
  if (live.textContent !== text) live.textContent = text;
}

// What a person opened or focused stays so: elements are found again by id or address.
function handleOf(element) {
  if (!element || element === document.body) return null;
  if (element.id) return "#" + CSS.escape(element.id);
  const address = element.getAttribute("href");
  return address ? `a[href="${CSS.escape(address)}"]` : null;
}

function swap(page) {
  const main = document.getElementById("main");
  const fresh = page.getElementById("main");
  const opened = [...main.querySelectorAll("details[open][id]")].map((one) => one.id);
  const scrolled = [...main.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  const focused = main.contains(document.activeElement) ? handleOf(document.activeElement) : null;
  for (const id of opened) fresh.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
  main.replaceChildren(...fresh.childNodes);
  main.querySelectorAll(".scroll").forEach((one, index) => (one.scrollLeft = scrolled[index] || 0));
  if (focused) main.querySelector(focused)?.focus({ preventScroll: true });
  document.getElementById("dateline").replaceChildren(...page.getElementById("dateline").childNodes);
  if (document.title !== page.title) {
    document.title = page.title;
    say(page.title);
  }
  offerCopying();
}

async function look() {
  const answer = await fetch("/api/v1/status", { cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  const status = await answer.json();
  const quoting = !getSelection().isCollapsed; // a swap would take the selection away: wait
  if (String(status.revision) !== revision && !quoting) {
    const page = await fetch(location.href, { cache: "no-store" });
    if (page.ok) swap(new DOMParser().parseFromString(await page.text(), "text/html"));
    revision = String(status.revision);
  }
  if (lost) say("Connected again.");
  lost = false;
}

async function keepLooking() {
  try {
    if (!document.hidden) await look();
  } catch {
    lost = true;
    say("The station does not answer; this page shows what was last known.");
  }
  document.body.classList.toggle("lost", lost);
  setTimeout(keepLooking, EVERY_MS);
}

function offerCopying() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    });
  }
}

offerCopying();
if (revision !== "") setTimeout(keepLooking, EVERY_MS);
