PATIENCE = 300      # seconds until what hangs is given up; on a busy machine all may take many times as long as alone
