"use strict";

const byId = (id) => document.getElementById(id);
let running = new AbortController();

function say(text, isBad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", isBad);
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function clear() {
  byId("answer").hidden = true;
  URL.revokeObjectURL(byId("picture").src);
  for (const id of ["warnings", "boxes", "rows"]) byId(id).replaceChildren();
}

/** Ask the service; returns its answer, or throws an Error with a sentence for the reader. */
async function detect(file, signal) {
  const form = new FormData();
  form.append("page", file);
  let response;
  try {
    response = await fetch("detect", { method: "POST", body: form, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error("The service cannot be reached: check that it runs, and send the page again.");
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw new Error(answer?.error ?? `The service answered with status ${response.status}; send the page again.`);
}

function addBox(box, fontSize) {
  const rect = svg("rect", { x: box.x0, y: box.y0, width: box.x1 - box.x0, height: box.y1 - box.y0 });
  const label = svg("text", { x: box.x0, y: Math.max(box.y0 - fontSize * 0.3, fontSize), "font-size": fontSize });
  label.textContent = box.score.toFixed(2);
  byId("boxes").append(rect, label);
  const row = byId("rows").insertRow();
  const values = [box.score.toFixed(3), ...[box.x0, box.y0, box.x1, box.y1].map((value) => value.toFixed(1))];
  for (const value of values) row.insertCell().textContent = value;
  row.addEventListener("mouseenter", () => rect.classList.add("chosen"));
  row.addEventListener("mouseleave", () => rect.classList.remove("chosen"));
}

async function show(file, answer) {
  const count = answer.boxes.length === 1 ? "1 redaction" : `${answer.boxes.length} redactions`;
  const covered = `${(answer.covered_share * 100).toFixed(1)}% of the page covered`;
  say(`${file.name}: ${count}, ${covered}, in ${answer.latency_ms.toFixed(0)} ms by ${answer.version}`);
  const notes = [...answer.warnings];
  const picture = byId("picture");
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
    picture.hidden = false;
  } catch {
    picture.hidden = true;
    notes.push("This browser cannot show the image; the boxes are drawn on an empty page.");
  }
  for (const note of notes) byId("warnings").appendChild(document.createElement("li")).textContent = note;
  byId("boxes").setAttribute("viewBox", `0 0 ${answer.width} ${answer.height}`);
  for (const box of answer.boxes) addBox(box, answer.width / 70);
  byId("answer").hidden = false;
}

async function look(file) {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  clear();
  say(`Looking for redactions in ${file.name} …`);
  try {
    const answer = await detect(file, signal);
    if (!signal.aborted) await show(file, answer);
  } catch (error) {
    if (!signal.aborted) say(`${file.name}: ${error.message}`, true);
  }
}

byId("address").textContent = new URL("detect", document.baseURI).href;
byId("file").addEventListener("change", (event) => {
  if (event.target.files.length) look(event.target.files[0]);
  event.target.value = ""; // so that the same file can be chosen again
});
for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault(); // otherwise the browser leaves the page and shows the file
    byId("drop").classList.toggle("over", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) look(event.dataTransfer.files[0]);
  });
}
