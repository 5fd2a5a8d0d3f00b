module bongsu/bench/collector

go 1.25
