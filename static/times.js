// Fields of time: the box speaks UTC, people live elsewhere. A field shows the browser's own time, its form sends UTC.

const FIELD = 'input[type="datetime-local"]';
const MINUTE = "YYYY-MM-DDTHH:MM".length;

const written = (at) => at.toISOString().slice(0, MINUTE);

function toLocal(utc) {
  const at = new Date(`${utc}Z`);
  return written(new Date(at.getTime() - at.getTimezoneOffset() * 60_000)); // what ISO calls UTC is local now
}

for (const field of document.querySelectorAll(FIELD)) {
  if (field.value) field.value = toLocal(field.value);
  for (const label of field.labels) label.textContent = label.textContent.replace(/UTC$/, document.body.dataset.yourTime ?? "your time");
}

document.addEventListener("formdata", ({ target, formData }) => {
  for (const { name, value } of target.querySelectorAll(FIELD)) if (value) formData.set(name, written(new Date(value)));
});
