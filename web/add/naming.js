/** Names for faces: what a file and its folder say of who is on it. */
import { tidyName } from "../naming.js";

const LONGEST_WORD = 24;
const GENERIC = new Set(
    `img image images pic pics picture pictures photo photos photograph portrait headshot face faces people
    person persons dsc dscn dscf dcim dc pxl mvi vid gopr dji sam p win fb fbimg fb_img whatsapp screenshot
    screen shot scan scanned download downloads desktop document documents camera roll snap snapchat unnamed
    unknown untitled new folder file files copy edited final test tests train val validation data dataset
    tmp temp upload uploads export exports media album albums gallery jpg jpeg png webp heic avatar profile
    thumb thumbnail instagram facebook signal telegram at of the and am pm bild bilder foto fotos kopie`.split(/\s+/),
);

/** Return the name that a path suggests, by the folder of the file or else by the file itself; "" for none. */
export function suggestedName(path) {
    const parts = path.split("/");
    const file = parts.pop().replace(/\.[^.]*$/, "");
    const folder = parts.pop();
    return (folder && nameIn(folder)) || nameIn(file);
}

/** Return the name in the name of a file or folder, or "" where a camera or a program named it. */
function nameIn(text) {
    const spaced = text.replaceAll("_", " ").trim();
    const words = tidyName(/\s/.test(spaced) ? spaced : spaced.replace(/[-.]/g, " "))
        .replace(/[([{]\s*\d*\s*[)\]}]/g, " ")
        .split(" ")
        .filter(Boolean);
    // Numbering, as in "Mary Poppins 03", "Mary Poppins3" or "12 Mary Poppins".
    while (words.length && isNumbering(words.at(-1))) words.pop();
    while (words.length && isNumbering(words[0])) words.shift();
    if (words.length) words.push(words.pop().replace(/(?<=\p{L})\p{Nd}+$/u, ""));
    const letters = words.join("").match(/\p{L}/gu) ?? [];
    const named = letters.length > 1 && words.every(isName) && !GENERIC.has(words[0].toLowerCase());
    return named ? words.join(" ") : "";
}

function isNumbering(word) {
    return /^[\p{Nd}\p{P}\p{S}]+$/u.test(word) || /^copy$/i.test(word);
}

/** Tell whether a word may be part of a name: letters of some script, not too many, no number among them. */
function isName(word) {
    return /\p{L}/u.test(word) && !/[\p{Nd}<>=/\\|{}]/u.test(word) && word.length <= LONGEST_WORD;
}
