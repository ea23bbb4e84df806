import { Fragment, type VNode } from 'preact';
import { Dialog } from '../../ui/dialog.js';

interface KeyGroup {
  title: string;
  keys: readonly (readonly [string, string])[];
}

const GROUPS: readonly KeyGroup[] = [
  {
    title: 'Everywhere here',
    keys: [
      ['Ctrl+S', 'Save now'],
      ['Ctrl+Z, Ctrl+Shift+Z', 'Undo, redo; inside a text its own'],
      ['F8, Shift+F8', 'Next and previous problem'],
      ['Ctrl+Space', 'Insert a variable, in a text that takes them'],
      ['?', 'This list'],
    ],
  },
  {
    title: 'Among the steps',
    keys: [
      ['Up, Down', 'Previous and next step'],
      ['Left, Right', 'The step around it, the first step in it'],
      ['Home, End', 'First and last step'],
      ['Enter', 'Edit; Escape comes back'],
      ['A, Shift+A', 'Add behind, add before'],
      ['Alt+Up, Alt+Down', 'Move, into and out of branches as it comes'],
      ['Alt+Left, Alt+Right', 'Out of the step around it, into the step above'],
      ['Ctrl+D', 'Duplicate'],
      ['Ctrl+C, X, V', 'Copy, cut, paste, between workflows too'],
      ['Delete', 'Delete; Ctrl+Z brings it back'],
    ],
  },
  {
    title: 'Among the conditions, on a handle',
    keys: [
      ['Up, Down', 'Other handles'],
      ['Alt+Up, Alt+Down', 'Move, through the borders of groups'],
      ['Alt+Left, Alt+Right', 'Out of its group, into one with the row above'],
      ['Ctrl+D, Delete', 'Duplicate, delete'],
      ['Enter', 'Everything that can be done with it'],
    ],
  },
];

/** Every key of the editor. */
export function Keys({ onClose }: { onClose: () => void }): VNode {
  return (
    <Dialog title="Keys" onClose={onClose}>
      {GROUPS.map(({ title, keys }) => (
        <section key={title} class="key-group">
          <h3>{title}</h3>
          <dl class="key-list">
            {keys.map(([key, what]) => (
              <Fragment key={key}>
                <dt>{key}</dt>
                <dd>{what}</dd>
              </Fragment>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
