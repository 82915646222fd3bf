/** Moments as people write them: in the page's language, and in the order of the browser's if that is English. */

const LOCALE = navigator.languages.find((language) => language.startsWith("en")) ?? "en-GB";
const DAY = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "long", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });

export function day(moment: Date): string {
  return DAY.format(moment);
}

export function minute(moment: Date): string {
  return MINUTE.format(moment);
}

export function dayAndMinute(moment: Date): string {
  return `${day(moment)}, ${minute(moment)}`;
}
