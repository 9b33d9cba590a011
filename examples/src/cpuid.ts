// Looks a feature up in CPUID: where its bit is, and which CPU models have it. `node examples/src/cpuid.ts SSE4_2 LA57`
import { buildTable, cpuModels, featureNamed, has, nearestFeature, placeOf } from '@vmm/cpuid'

const words = process.argv.slice(2)

for (const word of words.length > 0 ? words : ['SSE4_2', 'bmi2', 'avx512']) {
  const feature = featureNamed(word)
  if (feature === undefined) {
    console.log(`${word} is no feature; did you mean ${nearestFeature(word)}?`)
    continue
  }
  const { function: leaf, index = 0, register, bit, says } = placeOf(feature)
  const models = cpuModels.filter(({ name }) => {
    const built = buildTable({ model: name })
    return built.kind === 'table' && has(built.entries, feature)
  })
  const where = `CPUID.${leaf.toString(16).toUpperCase()}H:${index}.${register.toUpperCase()}[${bit}]`
  console.log(`${feature} (${says}) is ${where}, in ${models.map(({ name }) => name).join(', ') || 'no model'}`)
}
