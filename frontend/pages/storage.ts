// The tab's own storage, which is gone when the tab is closed. Where it is forbidden or full,
// nothing is kept, and all else goes on.

export function get(name: string): string | null {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

/** False where there is no room, or no leave. */
export function set(name: string, value: string): boolean {
  try {
    sessionStorage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

export function remove(name: string): void {
  try {
    sessionStorage.removeItem(name);
  } catch {
    // Then it is not there either.
  }
}

export function clear(): void {
  try {
    sessionStorage.clear();
  } catch {
    // As above.
  }
}
