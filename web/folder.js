/** Files of dropped folders, each with its path, and which of them may be photos. */

const HIDDEN = /^(\.|__MACOSX$|Thumbs\.db$|desktop\.ini$)/i;
const UNKNOWN_TYPES = /\.(hei[cf]|avif|jfif)$/i;

const paths = new WeakMap();
const lost = new WeakSet();

/** Return the files of dropped entries and of the folders among them, however deep. */
export async function filesBelow(entries) {
    const files = [];
    const open = [...entries].reverse();
    while (open.length) {
        const entry = open.pop();
        if (entry.isDirectory) open.push(...(await children(entry)).reverse());
        else files.push(await file(entry));
    }
    return files;
}

/** Return where a file lies, from the folder on that was chosen or dropped: "train/ben_afflek/x.jpg". */
export function pathOf(given) {
    return paths.get(given) ?? (given.webkitRelativePath || given.name);
}

/** Tell whether a file was there when its folder was dropped, but could not be had. */
export function isLost(given) {
    return lost.has(given);
}

/** Tell whether a file is one that systems keep for themselves, as .DS_Store. */
export function isHidden(given) {
    return pathOf(given).split("/").some((part) => HIDDEN.test(part));
}

/** Tell whether a file may be a photo, by its type or, where the browser knows none, its ending. */
export function maybePhoto(given) {
    if (given.type) return given.type.startsWith("image/") && given.type !== "image/svg+xml";
    return UNKNOWN_TYPES.test(given.name) || !/\.\w+$/.test(given.name);
}

async function children(folder) {
    const reader = folder.createReader();
    const found = [];
    try {
        // A reader answers a hundred at a time, and nothing at the end.
        for (;;) {
            const some = await new Promise((done, failed) => reader.readEntries(done, failed));
            if (!some.length) return found;
            found.push(...some);
        }
    } catch {
        return [...found, missing(folder)];
    }
}

async function file(entry) {
    if (entry.lost) return entry.lost;
    try {
        const given = await new Promise((done, failed) => entry.file(done, failed));
        paths.set(given, entry.fullPath.slice(1));
        return given;
    } catch {
        return missing(entry).lost;
    }
}

/** Return what stands for something that cannot be read, so that it is told and not left out. */
function missing(entry) {
    const nothing = new File([], entry.name, { type: "image/*" });
    paths.set(nothing, entry.fullPath.slice(1));
    lost.add(nothing);
    return { isDirectory: false, lost: nothing };
}
