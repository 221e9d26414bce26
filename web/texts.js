/** The words of the page in the language of its reader. */

export const LANGUAGES = ["en", "ko", "zh"];
// Letters of Hebrew, Arabic and their like, and the characters that turn the direction.
const TURNING = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;
// In numbers: it stands under small pictures.
const DAY = { year: "numeric", month: "numeric", day: "numeric" };
const REMEMBERED = "facetoken.language";

let texts = {};
let language = "en";
let plurals = new Intl.PluralRules("en");
let days = new Intl.DateTimeFormat("en", DAY);

/** Return the text of a key with its {values} put in, a Date as its day; the plural form is chosen by `count`. */
export function t(key, values = {}) {
    const entry = texts[key] ?? key;
    const form = typeof entry === "string" ? entry : entry[plurals.select(values.count)] ?? entry.other;
    return form.replace(/\{(\w+)\}/g, (_, name) => {
        const value = values[name];
        if (value instanceof Date) return days.format(value);
        return typeof value === "number" ? value.toLocaleString(language) : isolated(String(value ?? ""));
    });
}

/** Keep a name that is written from right to left, or says so, from turning the sentence around it. */
function isolated(text) {
    return TURNING.test(text) ? `\u2068${text}\u2069` : text;
}

/** Tell whether there is a text of that key. */
export function hasText(key) {
    return key in texts;
}

/** Return a moment, in seconds since the epoch, as the reader writes it. */
export function moment(seconds) {
    return new Date(seconds * 1000).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

/** Return a distance as it is shown everywhere: two or three digits, always with a point, as the API takes it. */
export function distanceText(distance, digits = 2) {
    return distance.toFixed(digits);
}

/** Return the language asked for before, or the browser's first that is there. */
export function preferredLanguage() {
    const asked = remembered(REMEMBERED);
    const wanted = [asked, ...navigator.languages.map((tag) => tag.split("-")[0].toLowerCase())];
    return wanted.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

/** Load the texts of a language; raise TypeError, as fetch and import do, when they cannot be had. */
export async function textsOf(wanted) {
    const answer = await fetch(new URL(`texts/${wanted}.json`, import.meta.url));
    if (!answer.ok) throw new TypeError(`texts ${answer.status}`);
    return answer.json();
}

/** Make a language, with its texts, the one of `t`. */
export function speak(wanted, words) {
    texts = words;
    language = wanted;
    plurals = new Intl.PluralRules(wanted);
    // A day is written in another order in Britain than in America.
    const region = navigator.languages.find((tag) => tag.split("-")[0] === wanted);
    days = new Intl.DateTimeFormat(region ?? wanted, DAY);
    document.documentElement.lang = wanted === "zh" ? "zh-Hans" : wanted;
}

/** Return the language of `t`. */
export function languageNow() {
    return language;
}

/** Keep a language for the next visit. */
export function rememberLanguage(wanted) {
    remember(REMEMBERED, wanted);
}

/** Return a choice that was kept in this browser, or null where none may be kept. */
export function remembered(name) {
    try {
        return localStorage.getItem(name);
    } catch {
        return null;
    }
}

/** Keep a choice, never a photo or a name, in this browser. */
export function remember(name, value) {
    try {
        localStorage.setItem(name, value);
    } catch {
        // A browser that keeps nothing works as well; it asks again.
    }
}
