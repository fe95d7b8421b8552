"""Beyond one machine: distributed/ trains on many processes, planning/ predicts what a large training costs."""
