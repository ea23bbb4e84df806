/** The rules for a text that is one expression and nothing else, so that its value keeps its type. */
export const ONE_EXPRESSION = {
  pattern: { regex: /^\s*\{\{(?![{!#/>&^~*])[^{}]*\}\}\s*$/, wanted: 'one expression, such as {{steps.find.output.records}}' },
  max: 1_000,
};
