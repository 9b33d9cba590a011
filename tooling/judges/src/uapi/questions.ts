import { type AnyStruct, constantSets, exitReasons, fieldPaths, ioctls, quirks, structs } from '@vmm/kvm-uapi'

/** What a header is asked: an expression in C, and the name that its answer is kept under. */
export interface Question {
  readonly about: 'size' | 'offset' | 'width' | 'value'
  readonly name: string
  readonly expression: string
}

/** What our tables say of structs, asked of the header: how big they are, where every field is, and how wide. */
export function structQuestions(): readonly Question[] {
  return structs.flatMap((struct): readonly Question[] => [
    { about: 'size', name: struct.name, expression: `sizeof(struct ${struct.name})` },
    ...fieldQuestions(struct),
  ])
}

function fieldQuestions({ name, fields }: AnyStruct): readonly Question[] {
  return fieldPaths(fields).flatMap(({ path, field }): readonly Question[] => {
    const whole = { name: `${name}.${path}` }
    const offset = { about: 'offset', ...whole, expression: `offsetof(struct ${name}, ${path})` } as const
    const width = `sizeof(((struct ${name} *)0)->${path}${field.role === 'flexible' ? '[0]' : ''})`
    return [offset, { about: 'width', ...whole, expression: width }]
  })
}

/** Numbers of calls, exits, flags and quirks: everything with a name that the header may define. */
export function valueQuestions(header: string): readonly Question[] {
  const ours = [
    ...ioctls.map(({ name }) => name),
    ...exitReasons.map(({ name }) => name),
    ...quirks.map(({ name }) => name),
    ...constantSets.flatMap(({ constants }) => constants.map(({ name }) => name)),
  ]
  return [...new Set([...ours, ...definedNames(header)])].map((name) => ({ about: 'value', name, expression: name }))
}

/** The names that a header defines as constants, those with parameters left out. */
function definedNames(header: string): readonly string[] {
  const defined = [...header.matchAll(/^\s*#\s*define\s+(\w+)\s+\S/gm)].map(([, name]) => name ?? '')
  return [...new Set(defined)].filter((name) => /^(KVM_|GUEST_MEMFD_)/.test(name))
}

/** The tags of the structs that a header declares. */
export function declaredStructs(header: string): readonly string[] {
  return [...new Set([...header.matchAll(/^struct\s+(kvm_\w+)\s*\{/gm)].map(([, tag]) => tag ?? ''))].sort()
}
