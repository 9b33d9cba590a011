/** A description says what the algebra forbids: it mixes widths, shifts too far, divides by zero. Ours, never the guest's. */
export class DescriptionMistake extends Error {
  override readonly name = 'DescriptionMistake'
}
