"""A device's start-up program: writes its log, and the line that support knows by heart."""

import sys
import time

LINES = (
    "INFO 自检开始",
    "INFO 存储检查通过",
    "ERROR 设备启动后报错代码E-202，无法进入系统",
    "INFO 等待人工处理",
)


def main() -> None:
    """Write the start-up log of one start after another."""
    path, starts = sys.argv[1], int(sys.argv[2])
    for _ in range(starts):
        with open(path, "a", encoding="utf-8") as log:
            for line in LINES:
                log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
        time.sleep(0.3)


if __name__ == "__main__":
    main()
