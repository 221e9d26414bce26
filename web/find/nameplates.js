/** Names on the faces of a photo with several, so that nobody on it is overlooked. */
import { howMany, search } from "../api.js";
import { UNNAMED } from "../tile.js";
import { verdict, WIDEST } from "../verdict.js";

const MOST = 40;

/** Write on every face who it likely is; of very many faces, on the largest. */
export async function nameFaces(picture, faces, signal) {
    const total = await howMany(signal);
    for (const { face_token: token } of faces.slice(0, MOST)) {
        const { cmp_result: rows } = await search(token, { threshold: WIDEST, limit: 1, signal });
        const nearest = rows[0] ?? null;
        const name = nearest?.face_name ?? UNNAMED;
        picture.name(token, verdict(nearest && nearest.distance, total), name === UNNAMED ? null : name);
    }
}
