// What the page and the worker say to each other. Nothing of it is anything but the file's
// handle, a number, and the fingerprint.

import type { Outcome } from "./fingerprint";

export type Question = File;

export type Answer = { progress: number } | { outcome: Outcome };
