// A page as the notice form will be: it hashes the chosen files, one after another.

import { Hasher } from "/staydown/hasher.js";

const hasher = new Hasher();
const chosen = () => [...document.querySelector("#files").files];

window.hasher = hasher;
window.chosen = chosen;
window.hashAll = async () => {
  const tooLate = AbortSignal.timeout(60_000);
  const outcomes = await Promise.all(
    chosen().map((file) => hasher.fingerprint(file, { signal: tooLate })),
  );
  const fingerprints = outcomes.map(({ fingerprint }) => fingerprint);
  document.querySelector("[name=fingerprints]").value = JSON.stringify(fingerprints);
  return outcomes;
};
