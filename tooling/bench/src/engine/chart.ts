import type { Measured } from './measured.ts'

interface Bar {
  readonly says: string
  readonly ratio: number
}

const [labelWidth, barsWidth, valueWidth, barHeight, titleHeight] = [230, 420, 60, 18, 34]
const width = labelWidth + barsWidth + valueWidth
const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500] as const

const style = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 } .quiet { fill: #59636e } .title { font-weight: 600 }
line { stroke: #d1d9e0 } .one { stroke: #59636e } .better { fill: #2da44e } .worse { fill: #d1681f }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .quiet { fill: #9198a1 } line { stroke: #3d444d } .one { stroke: #9198a1 }
.better { fill: #3fb950 } .worse { fill: #e3823f } }`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/**
 * Ratios as bars from 1 on a logarithmic scale, an SVG: to the left what takes us less CPU time than the peer, to the right
 * what takes us more.
 */
export function chart(rows: readonly Measured[]): string {
  const groups = [
    { title: '64-bit guests, CPU time as a multiple of QEMU TCG’s', bars: bars(rows, 64, 'qemu') },
    { title: '32-bit guests, CPU time as a multiple of v86’s', bars: bars(rows, 32, 'v86') },
  ].filter(({ bars }) => bars.length > 0)
  const x = scale(groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio)))
  let top = 0
  const parts = groups.map(({ title, bars }) => {
    const text = group(title, bars, x, top)
    top += titleHeight + (bars.length + 2) * barHeight
    return text
  })
  const size = `width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img"><title>CPU time of guests against that of peers</title><style>${style}</style>\n${parts.join('\n')}\n</svg>\n`
}

function bars(rows: readonly Measured[], width: number, peer: string): readonly Bar[] {
  return rows
    .filter((row) => row.width === width && !row.apart)
    .flatMap(({ says, ratios }) => (ratios[peer] === undefined ? [] : [{ says, ratio: ratios[peer] }]))
}

type Scale = ((ratio: number) => number) & { readonly ticks: readonly number[] }

/** From a round number below all to one above all; 1 is always there. */
function scale(ratios: readonly number[]): Scale {
  const [least, most] = [Math.min(1, ...ratios), Math.max(1, ...ratios)]
  const low = steps.findLast((step) => step < least) ?? steps[0]
  const high = steps.find((step) => step > most) ?? steps[steps.length - 1]!
  const place = (ratio: number): number =>
    labelWidth + (barsWidth * Math.log(Math.min(Math.max(ratio, low), high) / low)) / Math.log(high / low)
  return Object.assign(place, { ticks: steps.filter((step) => step >= low && step <= high) })
}

function group(title: string, bars: readonly Bar[], x: Scale, top: number): string {
  const first = top + titleHeight
  const bottom = first + bars.length * barHeight
  const grid = x.ticks.map(
    (tick) =>
      `<line class="${tick === 1 ? 'one' : ''}" x1="${at(x(tick))}" y1="${first}" x2="${at(x(tick))}" y2="${bottom}"/>` +
      `<text class="quiet" x="${at(x(tick))}" y="${bottom + 15}" text-anchor="middle">${tick}</text>`,
  )
  const drawn = bars.map((each, index) => bar(each, x, first + index * barHeight))
  return [`<text class="title" x="0" y="${top + 20}">${escaped(title)}</text>`, ...grid, ...drawn].join('\n')
}

function bar({ says, ratio }: Bar, x: Scale, top: number): string {
  const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))]
  return [
    `<text x="${labelWidth - 8}" y="${top + 13}" text-anchor="end">${escaped(says)}</text>`,
    `<rect class="${ratio <= 1 ? 'better' : 'worse'}" x="${at(from)}" y="${top + 3}" width="${at(Math.max(to - from, 1))}" height="${barHeight - 6}"/>`,
    `<text class="quiet" x="${labelWidth + barsWidth + 8}" y="${top + 13}">${ratio}</text>`,
  ].join('')
}

const at = (place: number): string => place.toFixed(1)
