/** What all processes of a lab derive links from: one that repeats a step of another makes the same. Of use nowhere else. */
export const LAB_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
