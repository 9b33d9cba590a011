/** The part of JSON Schema, draft 2020-12, that the tables need. */
export interface Schema {
  readonly description?: string
  readonly type?: JsonType | readonly JsonType[]
  readonly enum?: readonly (string | number)[]
  readonly const?: string | number
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
}

/** A type as JSON Schema names it. */
export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null'

/** An object with these properties and no others; those whose names end in `?` may be absent. */
export function record(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  const entries = Object.entries(properties)
  return {
    ...(description === undefined ? {} : { description }),
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace(/\?$/, ''), schema])),
    required: entries.flatMap(([name]) => (name.endsWith('?') ? [] : [name])),
    additionalProperties: false,
  }
}

/** An array of these. */
export function arrayOf(items: Schema, description?: string): Schema {
  return { ...(description === undefined ? {} : { description }), type: 'array', items }
}

/** One of a few words. */
export function oneOf(words: readonly string[], description?: string): Schema {
  return { ...(description === undefined ? {} : { description }), enum: words }
}

/** Text. */
export function text(description?: string): Schema {
  return { ...(description === undefined ? {} : { description }), type: 'string' }
}

/** True or false. */
export function boolean(description?: string): Schema {
  return { ...(description === undefined ? {} : { description }), type: 'boolean' }
}

/** A whole number. */
export function integer(description?: string): Schema {
  return { ...(description === undefined ? {} : { description }), type: 'integer' }
}

/** A number as it is written in C, in base 16, where a JSON number would lose digits. */
export const hex: Schema = { description: 'in base 16, as a C literal', type: 'string', pattern: '^0x[0-9a-f]+$' }

/** What of a value is not as a schema says: a line for each, with the place. Nothing if it is as said. */
export function faults(schema: Schema, value: unknown, root = schema, place = ''): readonly string[] {
  if (schema.$ref !== undefined) return faults(definition(root, schema.$ref), value, root, place)
  if (schema.anyOf !== undefined) {
    const found = schema.anyOf.map((option) => faults(option, value, root, place))
    return found.some((list) => list.length === 0) ? [] : [`${place}: ${found.flat().join('; or ')}`]
  }
  return [...scalarFaults(schema, value, place), ...innerFaults(schema, value, root, place)]
}

function definition(root: Schema, reference: string): Schema {
  const found = root.$defs?.[reference.replace('#/$defs/', '')]
  if (found === undefined) throw new RangeError(`${reference} is not defined`)
  return found
}

function scalarFaults(schema: Schema, value: unknown, place: string): readonly string[] {
  const types = schema.type === undefined ? [] : [schema.type].flat()
  return [
    ...(types.length === 0 || types.some((type) => isOf(type, value)) ? [] : [`${place}: no ${types.join(' or ')}`]),
    ...(schema.enum === undefined || schema.enum.includes(value as string)
      ? []
      : [`${place}: ${value} is none of them`]),
    ...(schema.const === undefined || schema.const === value ? [] : [`${place}: ${value} is not ${schema.const}`]),
    ...(schema.pattern === undefined || new RegExp(schema.pattern, 'u').test(String(value))
      ? []
      : [`${place}: ${value} is not like ${schema.pattern}`]),
  ]
}

function innerFaults(schema: Schema, value: unknown, root: Schema, place: string): readonly string[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? [] : value.flatMap((item, at) => faults(items, item, root, `${place}[${at}]`))
  }
  if (typeof value !== 'object' || value === null) return []
  const { properties = {}, required = [], additionalProperties = true } = schema
  const missing = required.filter((name) => !(name in value)).map((name) => `${place}: no ${name}`)
  const within = Object.entries(value).flatMap(([name, inner]) => {
    const own = properties[name] ?? additionalProperties
    if (own === true) return []
    return own === false ? [`${place}: ${name} is not foreseen`] : faults(own, inner, root, `${place}.${name}`)
  })
  return [...missing, ...within]
}

function isOf(type: JsonType, value: unknown): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isSafeInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}
