package control

const playPath = "WSLUICE_CONTROL_PLAY"

func play(path string, args []string) {}
