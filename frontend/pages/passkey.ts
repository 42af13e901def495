// Passkeys: the page holds the question, the form carries the answer. Without this script, or
// where the browser knows no passkeys, the other way to sign in is there alone.

type Json = Record<string, unknown>;

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

function text(buffer: ArrayBuffer): string {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The question as the browser takes it: what is bytes, comes as base64url. */
function read(question: string): Json {
  const { publicKey } = JSON.parse(question) as { publicKey: Json };
  publicKey.challenge = bytes(publicKey.challenge as string);
  const user = publicKey.user as Json | undefined;
  if (user) user.id = bytes(user.id as string);
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    for (const known of (publicKey[name] ?? []) as Json[]) known.id = bytes(known.id as string);
  }
  return { publicKey };
}

/** The answer as JSON, all that is bytes in base64url. */
function written(made: PublicKeyCredential): string {
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const response: Json = {};
  for (const name of names) {
    const value = (made.response as unknown as Record<string, ArrayBuffer | null | undefined>)[name];
    if (value) response[name] = text(value);
  }
  const id = text(made.rawId);
  const clientExtensionResults = made.getClientExtensionResults();
  return JSON.stringify({ id, rawId: id, type: made.type, response, clientExtensionResults });
}

async function answer(form: HTMLFormElement): Promise<void> {
  const failed = form.querySelector<HTMLElement>("[data-failed]")!;
  failed.hidden = true;
  try {
    const question = read(form.dataset.question!);
    const isNew = form.dataset.passkey === "new";
    const made = await (isNew ? navigator.credentials.create(question) : navigator.credentials.get(question));
    form.querySelector<HTMLInputElement>("[name=answer]")!.value = written(made as PublicKeyCredential);
    form.submit();
  } catch {
    // Cancelled, timed out, or none for here: all of them can be tried again.
    failed.hidden = false;
  }
}

if ("PublicKeyCredential" in window) {
  for (const part of document.querySelectorAll<HTMLElement>("[data-passkeys], [data-passkey]")) part.hidden = false;
  for (const form of document.querySelectorAll<HTMLFormElement>("[data-passkey]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void answer(form);
    });
  }
}
