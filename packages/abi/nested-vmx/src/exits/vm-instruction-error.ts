import { vmInstructionErrors } from './vm-instruction-errors.rows.ts'

/** A VM-instruction error, by the name that the kernel gives it. */
export type VmInstructionError = keyof typeof vmInstructionErrors

/** A VM-instruction error's name and meaning; nothing where the number is reserved. */
export function vmInstructionErrorOf(
  error: number,
): { readonly name: VmInstructionError; readonly says: string } | undefined {
  const names = Object.keys(vmInstructionErrors) as VmInstructionError[]
  const name = names.find((one) => vmInstructionErrors[one][0] === error)
  return name === undefined ? undefined : { name, says: vmInstructionErrors[name][1] }
}
