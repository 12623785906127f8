// Only its definitions of PodMonitor and PrometheusRule are used: no code of it is built.
module hairpin-probe/tools/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.93.0
