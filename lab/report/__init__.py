"""What a run leaves for people and machines: `write(run)` into the run's folder, `write_suite(runs, folder)` for many.

```
writing                     the files
page words drawing timeline xray_drawing screens   report.html: one file, no script, nothing from elsewhere
document                    report.json, version 1, and its schema
junit events                what CI systems read; every event as a line
facts                       what all of them need: faults with beginning and end, each search seen through
```
"""

from lab.report.writing import write, write_suite

__all__ = ["write", "write_suite"]
