/** Names as the API takes them. */

export const LONGEST_NAME = 255;
// Control characters, halves of characters, and those that turn the direction of the text around them.
const UNFIT = /[\p{Cc}\p{Cs}\ufffd\u202a-\u202e\u2066-\u2069\u200e\u200f]/gu;

/** Return a name as the API takes it: 255 characters, none that is no text. */
export function tidyName(text) {
    return [...text.replace(UNFIT, " ").replace(/\s+/g, " ").trim()].slice(0, LONGEST_NAME).join("").trim();
}
