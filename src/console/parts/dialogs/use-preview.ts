import { useEffect, useState } from 'preact/hooks';
import { type ErrorBody, errorBodyOf } from '../../api/client.js';

/** What something would do; null while it is being found out, and while it cannot be. */
interface Preview<Answer> {
  preview: Answer | null;
  error: ErrorBody | null;
}

/** Asks what something would do, and again when what is wished is another one: by its key. The answer before stays until then. */
export function usePreview<Answer>(key: string, ask: () => Promise<Answer>): Preview<Answer> {
  const [told, setTold] = useState<Preview<Answer>>({ preview: null, error: null });
  useEffect(() => {
    let isOld = false;
    setTold(({ preview }) => ({ preview, error: null }));
    ask().then(
      (preview) => !isOld && setTold({ preview, error: null }),
      (failure: unknown) => !isOld && setTold(({ preview }) => ({ preview, error: errorBodyOf(failure) })),
    );
    return () => {
      isOld = true;
    };
  }, [key]);
  return told;
}
