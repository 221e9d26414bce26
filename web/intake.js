/** The place where photos come in: dropped, pasted, chosen, or taken with the camera. */
import { announce, button, element, icon } from "./element.js";

export const ACCEPTED = "image/*";

/**
 * Make it. `take(files)` gets what came, an array of File. `multiple` takes many, `folder` offers to choose a whole
 * folder, `camera` offers to take one. Pasting and dropping count while it, or `near`, is on the screen.
 */
export function intake({ take, title, hint, multiple = false, folder = false, camera = true, near = null }) {
    const ways = [
        chooser(multiple ? "intake.choose.many" : "intake.choose", "photo", { multiple, accept: ACCEPTED }, take),
        folder ? chooser("intake.folder", "folder", { multiple: true, webkitdirectory: true }, take) : null,
        camera ? button("intake.camera", { icon: "camera", onclick: () => snap(take) }) : null,
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
        take(multiple ? files : files.slice(0, 1));
    });
    addEventListener("dragover", ({ dataTransfer }) => {
        root.classList.toggle("over", shown() && dataTransfer?.types.includes("Files"));
    });
    for (const kind of ["dragleave", "dragend", "drop"]) addEventListener(kind, () => root.classList.remove("over"));
    addEventListener("drop", async (event) => {
        if (!shown()) return;
        const files = await dropped(event.dataTransfer, multiple);
        if (files.length) take(multiple ? files : files.slice(0, 1));
        else announce("intake.nothing");
    });
    return root;
}

async function dropped(transfer, multiple) {
    const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...(transfer?.files ?? [])];
    if (!multiple || !entries.some((entry) => entry.isDirectory)) return files;
    // Only a batch needs to walk folders.
    const { filesBelow } = await import("./folder.js");
    return filesBelow(entries);
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

async function snap(take) {
    const { takePhoto } = await import("./camera/snapshot.js");
    const photo = await takePhoto();
    if (photo) take([photo]);
}
