"""What a processor counts, as Prometheus names it."""

from prometheus_client import Counter, Gauge, Histogram

JOBS = Counter("safelight_jobs", "Jobs that were answered, by what became of them.", ["result"])
JOB_SECONDS = Histogram(
    "safelight_job_seconds",
    "Time from taking up a job to its outcome.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
UNDER_WAY = Gauge("safelight_jobs_under_way", "Jobs that were taken up and not yet answered.")
VARIANTS = Counter("safelight_variants", "Variants, by whether they could be made.", ["result"])
DECODER_FAILURES = Counter(
    "safelight_decoder_failures", "Tries in which a decoder died or ran out of time."
)
RENDERINGS = Counter(
    "safelight_renderings",
    "Pictures that somebody waited for, by what became of them.",
    ["result"],
)
