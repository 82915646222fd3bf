/** The server's key, for as long as the tab is open. */

const NAME = "voice-server.key";

export function rememberedKey(): string | null {
  return window.sessionStorage.getItem(NAME);
}

export function rememberKey(key: string): void {
  window.sessionStorage.setItem(NAME, key);
}
