"""Write the same series in every metrics format, for tests that ask all readers alike."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import polars as pl

START_S = 1_770_645_600
MEMORY = "jvm_memory_used_bytes"


@dataclass(frozen=True)
class Series:
    """One series: seconds after the start and values; NaN where it has none."""

    pod: str
    samples: tuple[tuple[float, float], ...]
    metric: str = MEMORY
    version: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        return {"pod": self.pod} | ({} if self.version is None else {"version": self.version})


@dataclass(frozen=True)
class How:
    """How times and values are written: epoch units a second, zone of texts, unit of values."""

    per_s: int = 1
    zone_h: int = 0
    unit: str | None = None

    def epoch(self, t_s: float) -> int:
        return round((START_S + t_s) * self.per_s)

    def text(self, t_s: float) -> str:
        moment = datetime.fromtimestamp(START_S + t_s, UTC)
        return moment.astimezone(timezone(timedelta(hours=self.zone_h))).isoformat()


PLAIN = How()


def number(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:g}"


def or_null(value: float) -> float | None:
    return None if math.isnan(value) else value


def _labels(s: Series) -> str:
    return ",".join(f'{k}="{v}"' for k, v in s.labels.items())


def prometheus_api(series: list[Series], how: How) -> str:
    result = [
        {
            "metric": {"__name__": s.metric, **s.labels},
            "values": [[how.epoch(t), number(v)] for t, v in s.samples],
        }
        for s in series
    ]
    data = {"resultType": "matrix", "result": result}
    return json.dumps({"status": "success", "data": data})


def openmetrics(series: list[Series], how: How) -> str:
    lines = [
        f"{s.metric}{{{_labels(s)}}} {number(v)} {how.epoch(t)}"
        for s in series
        for t, v in s.samples
    ]
    return "\n".join([f"# TYPE {MEMORY} gauge", *lines, "# EOF\n"])


def promtool_dump(series: list[Series], how: How) -> str:
    return "".join(
        f'{{__name__="{s.metric}", {_labels(s)}}} {number(v)} {how.epoch(t)}\n'
        for s in series
        for t, v in s.samples
    )


def victoriametrics(series: list[Series], how: How) -> str:
    return "".join(
        json.dumps(
            {
                "metric": {"__name__": s.metric, **s.labels},
                "values": [or_null(v) for _, v in s.samples],
                "timestamps": [how.epoch(t) for t, _ in s.samples],
            }
        )
        + "\n"
        for s in series
    )


def grafana_json(series: list[Series], how: How) -> str:
    frames = [
        {
            "schema": {
                "fields": [
                    {"name": "Time", "type": "time"},
                    {
                        "name": s.metric,
                        "type": "number",
                        "labels": s.labels,
                        "config": {} if how.unit is None else {"unit": how.unit},
                    },
                ]
            },
            "data": {
                "values": [
                    [how.epoch(t) for t, _ in s.samples],
                    [or_null(v) for _, v in s.samples],
                ]
            },
        }
        for s in series
    ]
    return json.dumps({"results": {"A": {"status": 200, "frames": frames}}})


def cloudwatch(series: list[Series], how: How) -> str:
    """Write statistics where a unit is wanted: only they state one."""
    if how.unit is not None:
        points = [
            {"Timestamp": how.text(t), "Average": v, "Unit": how.unit} for t, v in series[0].samples
        ]
        return json.dumps({"Label": "MemoryUtilized", "Datapoints": points})
    results = [
        {
            "Id": f"m{k}",
            "Label": f"{s.pod} MemoryUtilized",
            "Timestamps": [how.text(t) for t, v in s.samples if not math.isnan(v)],
            "Values": [v for _, v in s.samples if not math.isnan(v)],
            "StatusCode": "Complete",
        }
        for k, s in enumerate(series)
    ]
    return json.dumps({"MetricDataResults": results, "Messages": []})


def datadog(series: list[Series], how: How) -> str:
    unit = {"family": "bytes", "scale_factor": 1.0, "name": how.unit or "byte"}
    found = [
        {
            "metric": s.metric,
            "pointlist": [[float(how.epoch(t)), or_null(v)] for t, v in s.samples],
            "scope": ",".join(f"{k}:{v}" for k, v in s.labels.items()),
            "tag_set": [f"{k}:{v}" for k, v in s.labels.items()],
            "unit": [unit, None],
        }
        for s in series
    ]
    return json.dumps({"status": "ok", "res_type": "time_series", "series": found})


def influx_line(series: list[Series], how: How) -> str:
    return "".join(
        f"{','.join([s.metric, *(f'{k}={v}' for k, v in s.labels.items())])}"
        f" value={v:g} {how.epoch(t)}\n"
        for s in series
        for t, v in s.samples
        if not math.isnan(v)
    )


def influx_csv(series: list[Series], how: How) -> str:
    names = list(series[0].labels)
    wide = len(names)
    rows = [
        f",,{k},{how.text(t)},{'' if math.isnan(v) else f'{v:g}'},value,{s.metric},"
        + ",".join(s.labels.values())
        for k, s in enumerate(series)
        for t, v in s.samples
    ]
    head = [
        "#group,false,false,false,false,true,true" + ",true" * wide,
        "#datatype,string,long,dateTime:RFC3339,double,string,string" + ",string" * wide,
        "#default,_result,,,,," + "," * wide,
        ",result,table,_time,_value,_field,_measurement," + ",".join(names),
    ]
    return "\n".join([*head, *rows]) + "\n"


def otlp_metrics(series: list[Series], how: How) -> str:
    resources = [
        {
            "resource": {
                "attributes": [
                    {"key": "k8s.pod.name", "value": {"stringValue": s.pod}},
                    *(
                        {"key": k, "value": {"stringValue": v}}
                        for k, v in s.labels.items()
                        if k != "pod"
                    ),
                ]
            },
            "scopeMetrics": [
                {
                    "metrics": [
                        {
                            "name": s.metric,
                            "unit": how.unit or "By",
                            "gauge": {
                                "dataPoints": [
                                    {"timeUnixNano": str(how.epoch(t))}
                                    | ({"flags": 1} if math.isnan(v) else {"asDouble": v})
                                    for t, v in s.samples
                                ]
                            },
                        }
                    ]
                }
            ],
        }
        for s in series
    ]
    return json.dumps({"resourceMetrics": resources})


def sadf(series: list[Series], how: How) -> str:
    hosts = [
        {
            "nodename": s.pod,
            "statistics": [
                {
                    "timestamp": {
                        "date": how.text(t)[:10],
                        "time": how.text(t)[11:19],
                        "utc": 1,
                        "interval": 15,
                    },
                    "memory": {"memused": or_null(v)},
                }
                for t, v in s.samples
            ],
        }
        for s in series
    ]
    return json.dumps({"sysstat": {"hosts": hosts}})


def cgroup(series: list[Series], how: How) -> str:
    return "".join(
        f"{how.text(t)}\n==> /sys/fs/cgroup/kubepods/{s.pod}/memory.current <==\n"
        f"{'max' if math.isnan(v) else f'{v:.0f}'}\n"
        for s in series
        for t, v in s.samples
    )


def _long_rows(series: list[Series]) -> list[tuple[float, Series, float]]:
    return sorted(((t, s, v) for s in series for t, v in s.samples), key=lambda row: row[0])


def table_csv(series: list[Series], how: How) -> str:
    has_zone = how.zone_h != 0
    names = list(series[0].labels)
    rows = [
        f"{how.text(t) if has_zone else how.epoch(t)},{s.metric},"
        f"{','.join(s.labels.values())},{'' if math.isnan(v) else f'{v:g}'}"
        + ("" if how.unit is None else f",{how.unit}")
        for t, s, v in _long_rows(series)
    ]
    head = f"time,metric,{','.join(names)},value" + ("" if how.unit is None else ",unit")
    return "\n".join([head, *rows]) + "\n"


def table_parquet(series: list[Series], how: How) -> bytes:
    rows = _long_rows(series)
    frame = pl.DataFrame(
        {
            "time": [how.text(t) if how.zone_h else how.epoch(t) for t, _, _ in rows],
            "metric": [s.metric for _, s, _ in rows],
            **{name: [s.labels[name] for _, s, _ in rows] for name in series[0].labels},
            "value": [v for _, _, v in rows],
        }
        | ({} if how.unit is None else {"unit": [how.unit] * len(rows)})
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def table_json(series: list[Series], how: How) -> str:
    name = series[0].metric if how.unit is None else f"jvm_memory_used_{how.unit}"
    return json.dumps(
        [
            {"time": how.text(t) if how.zone_h else how.epoch(t), **s.labels, name: or_null(v)}
            for t, s, v in _long_rows(series)
        ]
    )


Writer = Callable[[list[Series], How], str | bytes]
WRITERS: dict[str, Writer] = {
    write.__name__: write
    for write in (
        prometheus_api,
        openmetrics,
        promtool_dump,
        victoriametrics,
        grafana_json,
        cloudwatch,
        datadog,
        influx_line,
        influx_csv,
        otlp_metrics,
        sadf,
        cgroup,
        table_csv,
        table_parquet,
        table_json,
    )
}
