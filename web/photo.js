/** A photo as the server takes it: JPEG or PNG, within its limits, made so in the browser where it is not. */

export const MAX_BYTES = 2 * 1024 * 1024;
export const MAX_SIDE = 4096;
export const MIN_SIDE = 48;
const SCALED_SIDES = [2560, 2048, 1600, 1280, 960];
const QUALITY = 0.9;
const HEAD = 32;
const HEIC_BRANDS = /hei[cxsm]|hev[cxms]|mif1|msf1/;

/** Why a file cannot be used; `key` is the text that says it. */
export class PhotoError extends Error {
    constructor(key) {
        super(key);
        this.key = key;
    }
}

/**
 * Read a file and return {blob, width, height, notes}: what to send, its upright size in pixels, and [key, values]
 * texts of what was changed. Raises PhotoError.
 */
export async function readPhoto(file) {
    const kind = kindOf(new Uint8Array(await readable(file.slice(0, HEAD).arrayBuffer())));
    // Browsers say of the beginning of a file that was deleted that it is empty; the whole cannot be read.
    if (kind === "empty") await readable(file.arrayBuffer());
    if (kind === "empty" || kind === "heic") throw new PhotoError(`photo.${kind}`);
    const bitmap = await decoded(file, kind);
    try {
        const { width, height } = bitmap;
        if (Math.min(width, height) < MIN_SIDE) throw new PhotoError("photo.small");
        const tooLarge = file.size > MAX_BYTES || Math.max(width, height) > MAX_SIDE;
        const servable = kind === "jpeg" || kind === "png";
        if (servable && !tooLarge) return { blob: file, width, height, notes: [] };
        // Awaited here, for the bitmap must live as long.
        return await smaller(bitmap, scaledSides(bitmap), tooLarge);
    } finally {
        bitmap.close();
    }
}

function kindOf(head) {
    const text = String.fromCharCode(...head);
    if (head.length === 0) return "empty";
    if (text.startsWith("\xff\xd8\xff")) return "jpeg";
    if (text.startsWith("\x89PNG")) return "png";
    // iPhones' format is a box "ftyp" that names one of its brands; AVIF's box may name one too, beside its own.
    return text.slice(4, 8) === "ftyp" && HEIC_BRANDS.test(text.slice(8)) && !text.includes("avif") ? "heic" : "other";
}

async function decoded(file, kind) {
    try {
        // The browser turns it as its EXIF orientation says.
        return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
        throw new PhotoError(kind === "other" ? "photo.type" : "photo.damaged");
    }
}

async function readable(reading) {
    try {
        return await reading;
    } catch {
        throw new PhotoError("photo.gone");
    }
}

function scaledSides({ width, height }) {
    const longest = Math.max(width, height);
    return [longest, ...SCALED_SIDES].filter((side) => side <= longest && side <= MAX_SIDE);
}

/** Return a JPEG of the first of these longer sides that fits into the limit of bytes. */
async function smaller(bitmap, sides, tooLarge) {
    for (const side of sides) {
        const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
        const [width, height] = [bitmap.width * scale, bitmap.height * scale].map(Math.round);
        // A panorama that is scaled down may become too thin.
        if (Math.min(width, height) < MIN_SIDE) break;
        const blob = await jpeg(bitmap, width, height);
        if (blob.size > MAX_BYTES) continue;
        const from = { width: bitmap.width, height: bitmap.height };
        const note = scale < 1 ? ["photo.scaled", { ...sized("from", from), ...sized("to", { width, height }) }]
            : [tooLarge ? "photo.recoded" : "photo.converted"];
        return { blob, width, height, notes: [note] };
    }
    throw new PhotoError("photo.large");
}

/** Draw a picture at a size and return it as a JPEG; what is transparent becomes white. */
export async function jpeg(source, width, height) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(source, 0, 0, width, height);
    return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

function sized(name, { width, height }) {
    return { [name]: `${width} × ${height}` };
}
