/** Moments as people write them, in the browser's language. */

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function day(moment: Date): string {
  return DAY.format(moment);
}

export function minute(moment: Date): string {
  return MINUTE.format(moment);
}

export function dayAndMinute(moment: Date): string {
  return `${day(moment)}, ${minute(moment)}`;
}
