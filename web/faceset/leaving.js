/** Leaving the page while something goes on that is not to end midway. */

/** Have the browser ask its reader before it leaves the page, until the signal. */
export function askOnLeaving(signal) {
    addEventListener("beforeunload", (event) => event.preventDefault(), { signal });
}
