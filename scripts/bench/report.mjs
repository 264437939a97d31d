/** The report as rows of text, for a terminal and for docs/performance.md. */
import { SPREAD_LIMIT } from './statistics.mjs';

const decimal = (digits) => (value) => (Number.isFinite(value) ? value.toFixed(digits) : '–');
const ratio = decimal(2);
const ms = (value) => decimal(value < 10 ? 2 : value < 100 ? 1 : 0)(value);
const whole = decimal(0);

const headline = [
  ['(a) throughput ÷ limit, 32 connections', ({ single }) => single?.vsLimit32, ratio, '≥ 2.20'],
  ['(a) throughput ÷ limit, 256 connections', ({ single }) => single?.vsLimit256, ratio, '≥ 2.20'],
  ['(a) p99 ÷ limit, 32 connections', ({ single }) => single?.p99VsLimit32, ratio, '≤ 1.00'],
  ['(a) p99 ÷ limit, 256 connections', ({ single }) => single?.p99VsLimit256, ratio, '≤ 1.50'],
  ['(a) CPU per request ÷ limit, 32 connections', ({ single }) => single?.cpuVsLimit32, ratio, '≤ 0.55'],
  ['(a) latency (p50) ÷ limit, 1 connection', ({ single }) => single?.p50VsLimit1, ratio, '≤ 1.15'],
  ['(a) CPU per request ÷ limit, 1 connection', ({ single }) => single?.cpuVsLimit1, ratio, '≤ 1.30'],
  ['(a) p99 ÷ FastAPI, 1 connection', ({ single }) => single?.p99VsFastApi1, ratio, '≤ 0.80'],
  ['(a) throughput ÷ FastAPI, 32 connections', ({ single }) => single?.vsFastApi32, ratio, '≥ 5.00'],
  ['(a) throughput ÷ FastAPI, 256 connections', ({ single }) => single?.vsFastApi256, ratio, '≥ 4.00'],
  ['(b) rows per second ÷ limit', ({ batch1000 }) => batch1000?.vsLimit, ratio, ''],
  ['(b) CPU of the main thread ÷ limit, 1 connection', (r) => r.batch1000?.mainCpuVsLimit1, ratio, '≤ 1.05'],
  ['(b) CPU of the main thread ÷ limit, 8 connections', (r) => r.batch1000?.mainCpuVsLimit, ratio, '≤ 1.05'],
  ['(b) CPU ÷ limit, 1 connection', ({ batch1000 }) => batch1000?.cpuVsLimit1, ratio, '≤ 1.45'],
  ['(b) CPU ÷ limit, 8 connections', ({ batch1000 }) => batch1000?.cpuVsLimit, ratio, '≤ 1.45'],
  ['(b) rows per second ÷ MLServer (raw tensors)', ({ batch1000 }) => batch1000?.vsMlserver, ratio, '≥ 1.20'],
  ['(b) rows per second ÷ FastAPI', ({ batch1000 }) => batch1000?.vsFastApi, ratio, ''],
  ['(c) texts per second ÷ FastAPI', ({ text }) => text?.vsFastApi, ratio, '≥ 3.00'],
  ['(c) texts per second ÷ limit, 1 connection', ({ text }) => text?.vsLimit1, ratio, '≥ 0.62'],
  ['(c) texts per second ÷ limit', ({ text }) => text?.vsLimit, ratio, ''],
  ['(d) throughput ÷ limit', ({ heavy }) => heavy?.vsLimit, ratio, ''],
  ['(e) `/health` p99 beside (d), ms', ({ health }) => health?.p99MsUnderLoad, ms, '≤ 10'],
  ['(e) of it lateness of the load generator itself, p99, ms', ({ health }) => health?.sendLagP99Ms, ms, ''],
  ['(e) event-loop delay p99 beside (d), ms', ({ health }) => health?.eventLoopP99MsHeavy, ms, ''],
  ['(e) event-loop delay p99 at (a), 32 connections, ms', ({ health }) => health?.eventLoopP99MsSingle32, ms, ''],
  ['(f) light model beside heavy ÷ alone', ({ fairness }) => fairness?.lightVsSolo, ratio, '≥ 0.40'],
  ...['axios', 'proxy', 'origin', 'put', 'run', 'openedBefore', 'mixed'].flatMap((client) => [
    [`(g) ${client} ÷ plain`, ({ clients }) => clients?.[`${client}VsPlain`], ratio, '≥ 0.90'],
    [`(g) ${client}, CPU per request ÷ plain`, ({ clients }) => clients?.cpu[`${client}VsPlain`], ratio, ''],
  ]),
  ['(h) goodput, 5,000 ÷ 128 connections', ({ overload }) => overload?.goodput5000, ratio, '≥ 0.40'],
  ['(h) goodput ÷ limit, 5,000 connections', ({ overload }) => overload?.vsLimit5000, ratio, '≥ 1.40'],
  ['(i) PNG images per second ÷ limit', ({ images }) => images?.png.vsLimit, ratio, ''],
  ['(i) images as numbers per second ÷ limit', ({ images }) => images?.pixels.vsLimit, ratio, ''],
  ['start to ready, shipped models, ms', ({ startMs }) => startMs, whole, ''],
  ['start with 5,000 runs, ms', ({ start5000RunsMs }) => start5000RunsMs, whole, '≤ 5000'],
  ['memory idle, MiB', ({ rssIdleMb }) => rssIdleMb, whole, ''],
  ['memory under load, MiB', ({ memory }) => memory?.rssUnderLoadMb, whole, ''],
  ['memory growth over the long run, MiB', ({ rssGrowthMb }) => rssGrowthMb, decimal(1), 'noise'],
];

const HEADLINE = ['figure', 'measured', 'wanted'];
const DETAILS = ['workload', 'contender', 'per second', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU ms', 'spread'];
const STORES = ['runs', 'start ms', 'memory MiB', 'idle, share of a core', '/runs p50 ms', '/runs p99 ms'];
const GROWTH = ['grows', 'to', 'per second', 'p50 ms', 'p99 ms', 'CPU ms', 'CPU ms, limit'];
const PEERS = ['peer', 'workload', 'bestrun ÷ peer', 'p50', 'p99', 'CPU', 'peer per second', 'peer CPU ms'];

function headlineRows(report) {
  return headline
    .map(([name, of, format, wanted]) => [name, of(report), format, wanted])
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value, format, wanted]) => [name, format(value), wanted]);
}

function detailRows({ single, batch1000, text, heavy, images, clients, overload }) {
  const sections = {
    '(a)': single,
    '(b)': batch1000,
    '(c)': text,
    '(d)': heavy,
    '(g)': clients,
    '(i) PNG,': images?.png,
    '(i) numbers,': images?.pixels,
  };
  const loads = Object.entries(sections).flatMap(([title, each]) => [
    ...Object.entries(each?.closed ?? {}).map(([connections, load]) => [`${title} ${connections} conn.`, load]),
    ...Object.entries(each?.open ?? {}).map(([share, load]) => [`${title} open ${share}, ${load.rate}/s`, load]),
  ]);
  const overloads = Object.entries(overload?.closed ?? {});
  return [
    ...loads.flatMap(([title, { contenders }]) =>
      Object.entries(contenders).map(([name, each]) => detailRow(title, name, each)),
    ),
    ...overloads.flatMap(([connections, { contenders }]) =>
      Object.entries(contenders).map(([name, { goodputPerSecond, goodputSpread, ...each }]) =>
        detailRow(`(h) ${connections} conn., 200 only`, name, {
          ...each,
          requestsPerSecond: goodputPerSecond,
          spread: goodputSpread,
          judgeByCpu: goodputSpread > SPREAD_LIMIT,
        }),
      ),
    ),
  ];
}

function detailRow(title, name, each) {
  return [
    title,
    name,
    whole(each.requestsPerSecond),
    ms(each.p50Ms),
    ms(each.p99Ms),
    ms(each.p999Ms),
    decimal(3)(each.cpuMsPerRequest),
    `${whole(each.spread * 100)} %${each.judgeByCpu ? ', judge by CPU' : ''}`,
  ];
}

function storeRows({ stores = {} }) {
  return Object.entries(stores).map(([size, each]) => [
    size,
    whole(each.startMs),
    whole(each.rssMb),
    `${decimal(1)(each.idleCpuShare * 100)} %`,
    ms(each.runsP50Ms),
    ms(each.runsP99Ms),
  ]);
}

function growthRows({ growth = {} }) {
  return Object.entries(growth).flatMap(([what, sizes]) =>
    Object.entries(sizes).map(([size, { bestrun, limit }]) => [
      what,
      size,
      whole(bestrun.requestsPerSecond),
      ms(bestrun.p50Ms),
      ms(bestrun.p99Ms),
      decimal(3)(bestrun.cpuMsPerRequest),
      decimal(3)(limit.cpuMsPerRequest),
    ]),
  );
}

function peerRows({ peers = {} }) {
  return Object.entries(peers.measured ?? {}).flatMap(([name, { loads }]) =>
    Object.entries(loads).map(([load, { bestrunVsPeer, contenders }]) => [
      name,
      load,
      ratio(bestrunVsPeer.throughput),
      ratio(bestrunVsPeer.p50),
      ratio(bestrunVsPeer.p99),
      ratio(bestrunVsPeer.cpu),
      whole(contenders[name].requestsPerSecond),
      decimal(3)(contenders[name].cpuMsPerRequest),
    ]),
  );
}

function remarks({ machine, quick, missing, failed, seconds, peers }) {
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${seconds} s in all.`,
    ...(quick ? ['A quick run: it shows that everything works; the figures mean little.'] : []),
    ...Object.entries(failed).map(([name, why]) => `${name} failed: ${why}`),
    ...Object.entries({ ...missing, ...peers?.missing }).map(([name, why]) => `${name} is left out: ${why}.`),
  ];
}

const tables = (report) =>
  [
    [HEADLINE, headlineRows(report)],
    [DETAILS, detailRows(report)],
    [STORES, storeRows(report)],
    [GROWTH, growthRows(report)],
    [PEERS, peerRows(report)],
  ].filter(([, rows]) => rows.length > 0);

/** For a terminal. */
export function toTable(report) {
  const drawn = tables(report).map(([head, rows]) => {
    const widths = head.map((_cell, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
    return [head, ...rows]
      .map((row) =>
        row
          .map((cell, i) => cell.padEnd(widths[i]))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  });
  return [...drawn, remarks(report).join('\n')].join('\n\n');
}

/** For docs/performance.md. */
export function toMarkdown(report) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const drawn = tables(report).map(([head, rows]) => [head, head.map(() => '---'), ...rows].map(line).join('\n'));
  return [...drawn, remarks(report).join('\n')].join('\n\n');
}
