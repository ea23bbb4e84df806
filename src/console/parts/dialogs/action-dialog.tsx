import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ErrorBody } from '../../api/client.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import type { IconName } from '../../ui/icon.js';
import { ErrorPanel } from '../../ui/states.js';
import { useAction } from './use-action.js';

interface ActionDialogProps<Answer> {
  title: string;
  wide?: boolean;
  /** What the button says that changes nothing: "Keep it". */
  keep: string;
  /** What the button says that does it: "Delete". */
  verb: string;
  icon?: IconName;
  /** It cannot be taken back. */
  danger?: boolean;
  /** Why it cannot be done now. */
  blocked?: string | null;
  /** Does it. While it does not go well, the dialog stays, and says why. */
  act: () => Promise<Answer>;
  /** Called when it is done and the dialog is closed: what is told of it, and where it leads. */
  onDone?: (answer: Answer) => void;
  onClose: () => void;
  /** What is to be known and filled in, with what the API has said against it. */
  children: ComponentChildren | ((error: ErrorBody | null) => ComponentChildren);
}

/** A question that is answered by doing something, or by leaving it. */
export function ActionDialog<Answer>({
  title,
  wide,
  keep,
  verb,
  icon,
  danger,
  blocked,
  act,
  onDone,
  onClose,
  children,
}: ActionDialogProps<Answer>): VNode {
  const { isBusy, error, run } = useAction(`${verb}: this did not work`);
  const start = (): Promise<void> =>
    run(async () => {
      const answer = await act();
      onClose();
      onDone?.(answer);
    });
  return (
    <Dialog
      title={title}
      wide={wide}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{keep}</Button>
          <Button kind={danger ? 'danger' : 'primary'} icon={icon} busy={isBusy} blocked={blocked} onClick={() => void start()}>
            {verb}
          </Button>
        </>
      }
    >
      {typeof children === 'function' ? children(error) : children}
      <DialogError error={error} />
    </Dialog>
  );
}

/** What has kept it from being done: moved to where it is read. */
export function DialogError({ error }: { error: ErrorBody | null }): VNode | null {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error) place.current?.scrollIntoView({ block: 'nearest' });
  }, [error]);
  return (
    error && (
      <div ref={place}>
        <ErrorPanel error={error} />
      </div>
    )
  );
}
