/** The place where photos come in: dropped, pasted, chosen, or taken with the camera. */
import { loaded } from "./api.js";
import { announce, button, element, icon } from "./element.js";

export const ACCEPTED = "image/*";

/**
 * Make it. `take(files)` gets what came, an array of File. `multiple` takes many, `folder` offers to choose a whole
 * folder, `camera` offers to take one. Pasting and dropping count while it, or `near`, is on the screen.
 */
export function intake({ take, title, hint, multiple = false, folder = false, camera = true, near = null }) {
    // Counts what was asked for: a dialog that comes late must not cover what came since.
    let asked = 0;
    const given = (files) => {
        asked++;
        take(multiple ? files : files.slice(0, 1));
    };
    const snap = (mine = ++asked) => taken(() => mine === asked && shown(), given);
    const ways = [
        chooser(multiple ? "intake.choose.many" : "intake.choose", "photo", { multiple, accept: ACCEPTED }, given),
        folder ? chooser("intake.folder", "folder", { multiple: true, webkitdirectory: true }, given) : null,
        camera ? button("intake.camera", { icon: "camera", onclick: () => snap() }) : null,
    ];
    const root = element(
        "div",
        { class: "intake" },
        icon("photo"),
        element("p", { class: "intake-title", text: title }),
        element("p", { class: "faint", text: hint }),
        element("div", { class: "row centred" }, ...ways),
    );
    const shown = () => root.checkVisibility() || near?.checkVisibility();
    addEventListener("paste", (event) => {
        const files = [...(event.clipboardData?.files ?? [])];
        if (!shown() || !files.length) return;
        event.preventDefault();
        given(files);
    });
    addEventListener("dragover", ({ dataTransfer }) => {
        root.classList.toggle("over", shown() && dataTransfer?.types.includes("Files"));
    });
    for (const kind of ["dragleave", "dragend", "drop"]) addEventListener(kind, () => root.classList.remove("over"));
    addEventListener("drop", async (event) => {
        if (!shown()) return;
        const files = await dropped(event.dataTransfer, multiple);
        if (files?.length) given(files);
        else if (files) announce("intake.nothing");
    });
    return root;
}

/** Return the files that were dropped, and those of folders among them; null where the page has told that it cannot. */
async function dropped(transfer, multiple) {
    const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...(transfer?.files ?? [])];
    if (!multiple || !entries.some((entry) => entry.isDirectory)) return files;
    // Only a batch needs to walk folders.
    const folder = await loaded(() => import("./folder.js"));
    return folder && folder.filesBelow(entries);
}

function chooser(text, shown, properties, take) {
    const input = element("input", {
        type: "file",
        class: "unseen",
        ...properties,
        onchange: () => {
            const files = [...input.files];
            // So that choosing the same file again is a change.
            input.value = "";
            if (files.length) take(files);
        },
    });
    const kind = properties.webkitdirectory ? "button" : "button primary";
    return element("label", { class: kind }, input, icon(shown), element("span", { text }));
}

async function taken(wanted, give) {
    const snapshot = await loaded(() => import("./camera/snapshot.js"));
    if (!snapshot || !wanted()) return;
    const photo = await snapshot.takePhoto();
    if (photo) give([photo]);
}
